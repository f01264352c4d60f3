/*
 Programs that mine. What identifies needs an ELF file and a cluster of texts that
 only that program holds; names of programs and coins alone prove nothing.
 External variables (is_elf, is_text, ...) are set by icecore for each file.
*/

rule XMRig_Binary
{
  meta:
    description = "XMRig or a fork of it: its help text, options and messages in one executable"
    level = "critical"
    technique = "T1496.001"
    reference = "https://github.com/xmrig/xmrig"
    benign = "a packaged xmrig; rule sets and notes that quote it (they are no ELF)"
  strings:
    $h1 = "-o, --url=URL                 URL of mining server"
    $h2 = "-a, --algo=ALGO               mining algorithm https://xmrig.com/docs/algorithms"
    $h3 = "--randomx-1gb-pages"
    $h4 = "--donate-level=N"
    $h5 = "--cpu-max-threads-hint=N"
    $h6 = "--randomx-wrmsr=N"
    $h7 = "--huge-pages-jit"
    $h8 = "--donate-over-proxy=N"
    $m1 = "FAILED TO APPLY MSR MOD, HASHRATE WILL BE LOW"
    $m2 = "msr kernel module is not available"
    $m3 = "unknown algorithm, make sure you set \"algo\" or \"coin\" option"
    $m4 = "duplicate job received, reconnect"
    $d1 = "donate.v2.xmrig.com"
    $d2 = "donate.ssl.xmrig.com"
    $e1 = "XMRIG_HOSTNAME"
  condition:
    is_elf and 3 of them
}

rule Miner_Algorithm_Table
{
  meta:
    description = "the names of at least six CryptoNight or RandomX variants in one executable"
    level = "high"
    technique = "T1496.001"
    reference = "https://xmrig.com/docs/algorithms"
    benign = "pool software, proxies"
  strings:
    $a = "rx/wow" fullword
    $b = "rx/arq" fullword
    $c = "rx/graft" fullword
    $d = "rx/sfx" fullword
    $e = "cn/half" fullword
    $f = "cn/rwz" fullword
    $g = "cn/zls" fullword
    $h = "cn/double" fullword
    $i = "cn-lite/1" fullword
    $j = "cn-heavy/tube" fullword
    $k = "cn-heavy/xhv" fullword
    $l = "cn-pico/tlo" fullword
    $m = "argon2/chukwa" fullword
    $n = "ghostrider" fullword
  condition:
    is_elf and 6 of them
}

rule RandomX_Constants
{
  meta:
    description = "computes RandomX: its AES keys or its superscalar constants in machine code, whatever the names"
    level = "high"
    technique = "T1496.001"
    reference = "https://github.com/tevador/RandomX/blob/master/doc/specs.md"
    benign = "monerod, monero-wallet, p2pool, RandomX libraries"
  strings:
    $g0 = { 53 a5 ac 6d 09 66 71 62 2b 55 b5 db 17 49 f4 b4 }
    $g1 = { 07 af 7c 6d 0d 71 6a 84 78 d3 25 17 4e dc a1 0d }
    $g2 = { f1 62 12 3f c6 7e 94 9f 4f 79 c0 f4 45 e3 20 3e }
    $g3 = { 35 81 ef 6a 7c 31 ba b1 88 4c 31 16 54 91 16 49 }
    $x0 = { 89 83 fa f6 9f 94 24 8b bf 56 dc 90 01 02 89 06 }
    $x1 = { d1 63 b2 61 3c e0 f4 51 c6 43 10 ee 9b f9 18 ed }
    $s0 = { 0d 2c b5 92 de 56 a8 9f 47 db 82 cc ad 3a 98 d7 }
    $s1 = { 6e 99 8d 33 98 b7 c7 15 5a 12 9e f5 57 80 e7 ac }
    $c2 = { 46 d8 c2 38 df 99 70 a7 }
    $c3 = { 5c 49 22 bf 1c b9 26 81 }
    $c4 = { 62 8a 9f 17 97 25 4d 49 }
    $c5 = { 0c ec aa ce b9 ef 37 92 }
    $c6 = { 78 2d e6 6c 74 56 2a 2f }
    $c7 = { 4e e5 2c b6 f7 3b 85 84 }
  condition:
    is_elf and (2 of ($g*, $x*, $s*) or 4 of ($c*))
}

rule CPUMiner_Binary
{
  meta:
    description = "cpuminer, minerd or a fork of it"
    level = "critical"
    technique = "T1496.001"
    reference = "https://github.com/pooler/cpuminer"
    benign = "a packaged cpuminer"
  strings:
    $a = "Stratum notify: invalid Merkle branch"
    $b = "User-Agent: cpuminer/"
    $c = "hash > target (false positive)"
    $d = "thread %d: %lu hashes, %s khash/s"
    $e = "-t, --threads=N       number of miner threads"
    $f = "stratum_recv_line failed"
    $g = "CUDA GPU(s) found"
    $h = "Stratum requested work restart"
  condition:
    is_elf and 2 of them
}

rule GPU_Miner_Binary
{
  meta:
    description = "a miner for graphics cards (ethminer, T-Rex, lolMiner, NBMiner, GMiner, TeamRedMiner, SRBMiner)"
    level = "critical"
    technique = "T1496.001"
    reference = "the programs' own help texts"
    benign = "none known on a server without graphics cards"
  strings:
    $a = "--farm-recheck"
    $b = "eth_submitLogin"
    $c = "ethminer - Ethereum"
    $d = "T-Rex - NVIDIA GPU miner"
    $e = "--lhr-tune"
    $f = "Maybe then your software is not as friendly and creative as it pretends to be!"
    $g = "--fidelity-timeframe"
    $h = "Team Red Miner version"
    $i = "SRBMiner-MULTI"
    $j = "equihash144_5"
  condition:
    is_elf and 2 of them
}

rule Stratum_Client
{
  meta:
    description = "speaks stratum: addresses and methods of the protocol in one executable"
    level = "high"
    technique = "T1496.001"
    reference = "https://xmrig.com/docs/extensions"
    benign = "pool software, proxies; block explorers hold single words"
  strings:
    $u1 = "stratum+tcp://"
    $u2 = "stratum+ssl://"
    $u3 = "stratum+tls://"
    $m1 = "mining.subscribe"
    $m2 = "mining.authorize"
    $m3 = "mining.submit"
    $m4 = "mining.notify"
    $m5 = "mining.set_difficulty"
    $k1 = "keepalived"
    $k2 = "seed_hash"
    $k3 = "job_id"
    $n = "nicehash"
    $c = "cryptonight"
    $r = "randomx"
  condition:
    is_elf and ((any of ($u*) and any of ($m*)) or 3 of ($m*) or (any of ($u*) and 2 of ($k*)) or (any of ($u*) and $n and ($c or $r)))
}

rule Miner_Config
{
  meta:
    description = "a miner's configuration: pools with a key that only miners have"
    level = "high"
    technique = "T1496.001"
    reference = "https://xmrig.com/docs/miner/config"
    benign = "JSON with pools of another kind lacks the other keys"
  strings:
    $p = "\"pools\""
    $u = "\"url\""
    $w = "\"user\""
    $d = "\"donate-level\""
    $r = "\"randomx\""
    $n = "\"nicehash\""
    $t = "\"max-threads-hint\""
    $g = "\"rig-id\""
  condition:
    is_text and filesize < 1MB and $p and $u and $w and any of ($d, $r, $n, $t, $g)
}

rule Miner_Name_In_Text
{
  meta:
    description = "a text names a miner's server or option"
    level = "informational"
    technique = "T1496.001"
    reference = "https://xmrig.com/docs"
    benign = "rule sets, block lists, notes: this rule only points at them"
  strings:
    $a = "donate.v2.xmrig.com"
    $b = "--donate-level"
    $c = "stratum+tcp://"
    $d = "stratum+ssl://"
    $e = "supportxmr.com"
    $f = "moneroocean.stream"
    $g = "hashvault.pro"
  condition:
    is_text and 2 of them
}
