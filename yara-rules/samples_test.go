package yararules_test

import (
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// sample is an inert program: it holds texts and bytes, does nothing and ends at
// once. What it is (a program, a library, a module) is what the compiler makes.
type sample struct {
	texts []string
	bytes []string // hex; each stands by itself
	funcs []string // functions that a library defines
	args  []string // of the compiler
}

func library(funcs ...string) sample {
	return sample{funcs: funcs, args: []string{"-shared", "-fPIC"}}
}

func (s sample) with(texts ...string) sample {
	s.texts = append(append([]string(nil), s.texts...), texts...)
	return s
}

func (s sample) data(bytes ...string) sample {
	s.bytes = append(append([]string(nil), s.bytes...), bytes...)
	return s
}

func program(texts ...string) sample { return sample{texts: texts} }

func module(texts ...string) sample {
	return sample{texts: texts, args: []string{"-c"}}
}

func quote(s string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, "\\%03o", s[i])
	}
	return `"` + b.String() + `"`
}

// source writes the program in C.
func (s sample) source(t testing.TB) string {
	var b strings.Builder
	b.WriteString("#include <stddef.h>\n")
	for i, x := range s.bytes {
		raw, err := hex.DecodeString(strings.ReplaceAll(x, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "__attribute__((used)) static const unsigned char d%d[] __attribute__((aligned(16))) = {", i)
		for _, v := range raw {
			fmt.Fprintf(&b, "%d,", v)
		}
		b.WriteString("};\n")
	}
	for i, x := range s.texts {
		fmt.Fprintf(&b, "__attribute__((used)) static const char t%d[] = %s;\n", i, quote(x))
	}
	for _, f := range s.funcs {
		fmt.Fprintf(&b, "void *%s(void *a) { return a; }\n", f)
	}
	if s.funcs == nil {
		b.WriteString("int main(void) { return 0; }\n")
	}
	return b.String()
}

// build makes the program.
func (s sample) build(t testing.TB, name string, more ...string) {
	t.Helper()
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skip("needs gcc")
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"-w", "-O0", "-fno-builtin", "-x", "c", "-o", name, "-"}, s.args...)
	cmd := exec.Command("gcc", append(args, more...)...)
	cmd.Stdin = strings.NewReader(s.source(t))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("gcc: %v: %s", err, out)
	}
}

// The texts of XMRig that its sources hold.
var xmrigTexts = []string{
	"Usage: xmrig [OPTIONS]\n\nNetwork:\n  -o, --url=URL                 URL of mining server\n  -a, --algo=ALGO               mining algorithm https://xmrig.com/docs/algorithms\n",
	"      --donate-level=N          donate level, default 1%% (1 minute in 100 minutes)\n      --donate-over-proxy=N     control donate over xmrig-proxy feature\n      --self-select=URL         self-select block templates from URL\n",
	"      --randomx-wrmsr=N         write custom value(s) to MSR registers or disable MSR mod (-1)\n      --randomx-1gb-pages       use 1GB hugepages for dataset\n      --cpu-max-threads-hint=N  maximum CPU threads count\n      --huge-pages-jit\n      --argon2-impl=IMPL\n      --pause-on-active=N\n",
	"FAILED TO APPLY MSR MOD, HASHRATE WILL BE LOW", "msr kernel module is not available", "/sbin/modprobe msr allow_writes=on > /dev/null 2>&1",
	"unknown algorithm, make sure you set \"algo\" or \"coin\" option", "duplicate job received, reconnect", "incompatible/disabled algorithm", "no active pools, stop mining", "dev donate finished",
	"donate.v2.xmrig.com", "donate.ssl.xmrig.com", "libxmrig-cuda.so",
	"scratchpad_prefetch_mode", "init-avx2", "cache_qos", "max-threads-hint", "submit-to-origin", "tls-fingerprint",
	"stratum+tcp://", "stratum+ssl://", "keepalived", "seed_hash", "job_id", "nicehash", "mining.subscribe", "mining.authorize", "mining.submit",
	"cn/half", "cn/rwz", "cn/zls", "cn/double", "cn-lite/1", "cn-heavy/tube", "cn-heavy/xhv", "cn-pico/tlo", "rx/wow", "rx/arq", "rx/graft", "rx/sfx", "argon2/chukwa", "ghostrider",
	"RandomX\x03", "RandomWOW\x01", "RandomARQ\x01", "RandomX-Graft\x01", "RandomSFX\x01",
}

// The constants of the RandomX specification, in the order of the file.
var (
	randomXKeys = []string{
		"53a5ac6d096671622b55b5db1749f4b4", "07af7c6d0d716a8478d325174edca10d", "f162123fc67e949f4f79c0f445e3203e", "3581ef6a7c31bab1884c311654911649",
		"8983faf69f94248bbf56dc9001028906", "d163b2613ce0f451c64310ee9bf918ed", "0d2cb592de56a89f47db82ccad3a98d7", "6e998d3398b7c7155a129ef55780e7ac",
	}
	randomXSuperscalar = []string{"2d7f954c2df45158", "fca1f5598a970a81", "46d8c238df9970a7", "5c4922bf1cb92681", "628a9f1797254d49", "0cecaaceb9ef3792", "782de66c74562a2f", "4ee52cb6f73b8584"}
)

const (
	jhH0 = "eb98a3412c20d3eb92cdbe7b9cb245c11c93519160d4c7fa"
	jhRC = "72d5dea2df15f8677b84150ab723155781abd6904d5a87f6"
)

// The texts of cpuminer.
var cpuminerTexts = []string{
	"Usage: minerd [OPTIONS]\nOptions:\n  -o, --url=URL         URL of mining server\n  -O, --userpass=U:P    username:password pair for mining server\n  -t, --threads=N       number of miner threads (default: number of processors)\n",
	"Stratum notify: invalid Merkle branch", "Stratum requested work restart", "stratum_recv_line failed", "Stratum session id: %s",
	"User-Agent: cpuminer/2.5.1", "thread %d: %lu hashes, %s khash/s", "accepted: %lu/%lu (%.2f%%), %s khash/s %s", "submit_upstream_work json_rpc_call failed", "Binding thread %d to cpu %d",
	"stratum+tcp://", "mining.subscribe", "mining.authorize", "mining.submit", "mining.notify", "mining.set_difficulty",
}

// samples are at least one program for each rule that looks at programs.
var samples = map[string]sample{
	"XMRig_Binary":          program(xmrigTexts[:11]...),
	"XMRig_Fork":            program("scratchpad_prefetch_mode", "init-avx2", "cache_qos", "max-threads-hint", "submit-to-origin"),
	"Miner_Algorithm_Table": program("rx/wow", "rx/arq", "cn/half", "cn/rwz", "cn-lite/1", "cn-pico/tlo"),
	"XMRig_Proxy":           program("xmrig-proxy 6.21.0", "  --custom-diff=N", "reuse-timeout"),
	"CPUMiner_Binary":       program(cpuminerTexts...),
	"XMR_Stak_Binary":       program("PARSE error: Login protocol error 1", "Detected buggy NiceHash pool code. Workaround engaged."),
	"Dero_Miner_Binary":     program("DERO AstroBWT Miner", "--daemon-rpc-address=<127.0.0.1:10100>", "--mining-threads=<N>", "astrobwt"),
	"GPU_Miner_Binary":      program("ethminer - Ethereum GPU miner", "EthereumStratum/1.0.0", "--farm-recheck", "eth_submitLogin"),
	"GPU_Mining_Kernel":     program("__kernel void ethash_search(", "#define PROGPOW_LANES 16"),
	"Stratum_Client":        program("stratum+tcp://", "mining.subscribe", "mining.submit"),
	"Stratum_Login":         program(`{"id":%d,"jsonrpc":"2.0","method":"keepalived","params":{"id":"%s"}}`),
	"RandomX_Constants":     program().data(randomXKeys...),
	"RandomX_Library":       library("hash").data(randomXKeys...),
	"RandomX_In_Node":       program("This is the command line monero wallet", "bitmonero.log", "monero-wallet-cli").data(randomXKeys...),
	"KawPow_Constants":      program().data(words("rAVENCOINKAWPOW")),
	"RandomX_Salts":         program("RandomX\x03", "RandomWOW\x01", "RandomSFX\x01"),
	"CryptoNight_Constants": program().data(jhH0, jhRC),
	"CryptoNight_Program":   program("cryptonight", "job_id", "hashrate").data(jhH0, jhRC),

	"Packer_Shell_Compiler": program("E: neither argv[0] nor $_ works.", "has expired!\n", "location has changed!"),
	"Packer_Memory_Loader":  program("main.runFromMemory", "main.aesDec", "crypto/aes.NewCipher"),
	"Packed_Python":         program("_MEIPASS2", "PYZ-00.pyz"),

	"Preload_Process_Hider":   library("readdir", "readdir64").with("/proc/self/fd/%d", "/proc/%s/stat", "Error in dlsym: %s"),
	"Preload_Hides_Itself":    library("readdir", "fopen").with("/etc/ld.so.preload", "dlsym"),
	"Preload_Rootkit":         library("readdir", "fopen").with("libgcwrap.so", "AAZHDE"),
	"Preload_Log_In_Listener": library("pam_authenticate").with("dlsym", "user=%s"),
	"LKM_Rootkit":             module("hacked_getdents64", "give_root", "module_hide"),
	"LKM_Hooks_System_Calls":  module("vermagic=6.1.0 SMP", "sys_call_table", "kallsyms_lookup_name", "sys_getdents64"),
	"LKM_Rootkit_Loader":      program("vermagic=6.1.0 SMP", "hacked_getdents", "give_root", "init_module"),

	"Go_Worm_Miner":            program("main.masscan", "main.redisBrute", "ActiveC2CUrl", "-iL $INPUT --rate $RATE -p$PORT -oL $OUTPUT"),
	"Go_Exploit_Worm":          program("\xff Go buildinf:", "shell/scan/exp", "xxljob", "jupyter", "weblogic", "kthreaddk"),
	"SSH_Brute_Force_Tool":     program("haiduc", "bios.txt"),
	"IRC_Bot_Tsunami":          program("NOTICE %s :TSUNAMI <target> <secs>\n", "NOTICE %s :GETSPOOFS\n"),
	"XorDDoS":                  program("/etc/cron.hourly/gcc.sh", "/lib/libudev.so", "/etc/rc%d.d/S90%s"),
	"Dropper_Kills_Rivals":     program("pkill -f kdevtmpfsi", "pkill -f kinsing", "watchbog", "crontab -r", "chattr -i /etc/ld.so.preload"),
	"Dropper_Embedded_Program": program("/tmp/.x", "chmod").data("1f8b0800000000000003"),
}

// camouflaged are programs with the constants of RandomX that carry some words of a node or a
// wallet, and those of a pool's client or too few of the former: none is taken for a node.
var camouflaged = map[string]sample{
	"older-words":   program("txpool", "bitmonero", "stratum+tcp://").data(randomXKeys...),
	"newer-words":   program("cryptonote::core", "Monero daemon", "stratum+ssl://").data(randomXKeys...),
	"help-text":     program("wallet-file", "rpc-bind-port", "-o, --url=URL  URL of mining server").data(randomXKeys...),
	"login":         program("Wallet RPC", "transfer", `{"id":1,"method":"login","params":{"login":"%s","pass":"x"}}`).data(randomXKeys...),
	"solo":          program("transfer", "get_block_template").data(randomXKeys...),
	"solo-daemon":   program("transfer", "start-mining").data(randomXKeys...),
	"one-word":      program("Monero daemon").data(randomXKeys...),
	"constant-only": program("agent").data(randomXKeys...),
}

// nodes are nodes and wallets by what they say of themselves, whatever their names.
var nodes = map[string]sample{
	"daemon": program("Monero daemon", "--start-mining", "bootstrap-daemon-address", "cryptonote::core").data(randomXKeys...),
	"wallet": program("Wallet RPC", "transfer").data(randomXKeys...),
	"p2pool": program("p2pool.log", "txpool", "get_block_template", "start-mining").data(randomXKeys...),
}

// twins are programs that look like those above, and are none of them: no rule
// above low may match.
var twins = map[string]sample{
	"usr/sbin/scanner":            program("xmrig", "kinsing", "kdevtmpfsi", "donate.v2.xmrig.com", "stratum+tcp://", "cryptonight", "Linux.Trojan.Miner"),
	"usr/bin/explorer":            program("mining.subscribe", "mining.notify", "mining.authorize", "block height"),
	"usr/bin/wallet":              program("rx/0", "cryptonight", "job_id", "stratum"),
	"usr/lib/libc.so.6":           library("readdir", "readdir64", "fopen", "dlsym").with("/proc/self/fd/%d"),
	"usr/lib/libasan.so.8":        library("readdir", "readdir64", "fopen").with("/proc/self/maps", "dlsym"),
	"usr/bin/ip":                  program("/proc/self/fd/%d", "/proc/%s/stat", "readdir64", "dlsym"),
	"usr/lib/ld-linux.so.2":       library("hash").with("/etc/ld.so.preload", "dlsym"),
	"lib/modules/6.1/ext4.ko":     module("vermagic=6.1.0 SMP", "getdents64", "kallsyms_lookup_name"),
	"usr/bin/nmap":                program("masscan", "redis", "SSH-2.0-libssh", "brute", "known_hosts"),
	"usr/bin/upx":                 program("UPX!", "$Info: This file is packed with the UPX executable packer http://upx.sf.net $", "PROT_EXEC|PROT_WRITE failed."),
	"usr/bin/chat":                program("NOTICE %s :%s", "PRIVMSG %s :%s"),
	"usr/bin/x11-wallet":          program("hashrate").data(jhH0, jhRC),
	"usr/bin/one-key-by-chance":   program().data(randomXKeys[0]),
	"usr/bin/lcg":                 program("PCG").data(randomXSuperscalar[0]),
	"usr/bin/database-connection": program(`"pools": [{"url": "postgres://db", "user": "app"}]`, "nicehash"),
	"usr/bin/keyed-json":          program("max-threads-hint", "tls-fingerprint", "pool", "url", "user"),
}

// words writes each letter as a little-endian word of 32 bits, in hex.
func words(s string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, "%02x000000", s[i])
	}
	return b.String()
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
