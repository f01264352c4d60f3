/*
 XMRig and its forks: the miner on nearly every hijacked server.

 No single word decides. The strings are in classes (help, messages, donation,
 names of algorithms), and a rule needs several of more than one class, so that a
 scanner that carries a few of them as signatures does not match.
*/

rule XMRig_Binary
{
  meta:
    description = "XMRig miner binary or fork: help text, messages and options in one program"
    level = "critical"
    technique = "T1496.001"
    reference = "https://github.com/xmrig/xmrig"
    benign = "packaged xmrig, reported as medium; notes and rule sets that quote it are not executables"
  strings:
    $h1 = "-o, --url=URL                 URL of mining server"
    $h2 = "mining algorithm https://xmrig.com/docs/algorithms"
    $h3 = "--randomx-1gb-pages"
    $h4 = "--donate-level=N"
    $h5 = "--cpu-max-threads-hint=N"
    $h6 = "--randomx-wrmsr=N"
    $h7 = "--huge-pages-jit"
    $h8 = "--donate-over-proxy=N"
    $h9 = "--self-select=URL"
    $h10 = "--argon2-impl=IMPL"
    $h11 = "--pause-on-active=N"
    $m1 = "FAILED TO APPLY MSR MOD, HASHRATE WILL BE LOW"
    $m2 = "msr kernel module is not available"
    $m3 = "unknown algorithm, make sure you set \"algo\" or \"coin\" option"
    $m4 = "duplicate job received, reconnect"
    $m5 = "modprobe msr allow_writes=on"
    $m6 = "no active pools, stop mining"
    $m7 = "incompatible/disabled algorithm"
    $m8 = "'h' hashrate, 'p' pause, 'r' resume"
    $m9 = "number of hash blocks to process at a time"
    $d1 = "donate.v2.xmrig.com"
    $d2 = "donate.ssl.xmrig.com"
    $d3 = "dev donate finished"
    $d4 = "XMRIG_HOSTNAME"
    $d5 = "XMRig/%s libuv/%s"
    $d6 = "libxmrig-cuda.so"
  condition:
    is_elf and 4 of them and
    (any of ($h*) and any of ($m*) or any of ($h*) and any of ($d*) or any of ($m*) and any of ($d*) or 6 of ($h*))
}

rule XMRig_Fork
{
  meta:
    description = "XMRig fork with its help text removed: messages or configuration keys in one program"
    level = "high"
    technique = "T1496.001"
    reference = "https://github.com/xmrig/xmrig/tree/master/src"
    benign = "monerod, wallets, p2pool and pool software contain none of the MSR configuration keys"
  strings:
    $k1 = "scratchpad_prefetch_mode"
    $k2 = "init-avx2"
    $k3 = "cache_qos"
    $k4 = "huge-pages-jit"
    $k5 = "max-threads-hint"
    $k6 = "donate-over-proxy"
    $k7 = "submit-to-origin"
    $k8 = "tls-fingerprint"
    $k9 = "argon2-impl"
    $k10 = "pause-on-battery"
    $k11 = "health-print-time"
    $m1 = "FAILED TO APPLY MSR MOD"
    $m2 = "no active pools, stop mining"
    $m3 = "duplicate job received, reconnect"
    $m4 = "register values for"
    $m5 = "/sys/module/msr/parameters/allow_writes"
    $m6 = "speed 10s/60s/15m"
  condition:
    is_elf and (5 of ($k*) or 3 of ($m*) or 3 of ($k*) and any of ($m*))
}

rule Miner_Algorithm_Table
{
  meta:
    description = "algorithm table of a miner: at least six CryptoNight and RandomX variants in one program"
    level = "high"
    technique = "T1496.001"
    reference = "https://xmrig.com/docs/algorithms"
    benign = "pool software and proxies; no program of Debian"
  strings:
    $a = "rx/wow" fullword
    $b = "rx/arq" fullword
    $c = "rx/graft" fullword
    $d = "rx/sfx" fullword
    $e = "rx/yada" fullword
    $f = "cn/half" fullword
    $g = "cn/rwz" fullword
    $h = "cn/zls" fullword
    $i = "cn/double" fullword
    $j = "cn/upx2" fullword
    $k = "cn-lite/1" fullword
    $l = "cn-heavy/tube" fullword
    $m = "cn-heavy/xhv" fullword
    $n = "cn-pico/tlo" fullword
    $o = "argon2/chukwa" fullword
    $p = "argon2/ninja" fullword
    $q = "ghostrider" fullword
    $r = "rx/0" fullword
    $s = "cn/fast" fullword
    $t = "cn/xao" fullword
    $u = "cn/rto" fullword
    $v = "cn/ccx" fullword
    $w = "cn-heavy/0" fullword
    $x = "cn-lite/0" fullword
    $y = "argon2/chukwav2" fullword
  condition:
    is_elf and 6 of them
}

rule XMRig_Proxy
{
  meta:
    description = "xmrig-proxy, which connects many miners through one address"
    level = "high"
    technique = "T1496.001,T1090.001"
    reference = "https://github.com/xmrig/xmrig-proxy"
    benign = "proxy of a legitimate mining farm"
  strings:
    $a = "xmrig-proxy"
    $b = "--custom-diff=N"
    $c = "proxy_donate_level" nocase
    $d = "reuse-timeout"
    $e = "--access-log-file=FILE"
    $f = "workers by"
    $g = "--mode=MODE"
    $h = "nicehash, simple"
  condition:
    is_elf and $a and 2 of ($b, $c, $d, $e, $f, $g, $h)
}
