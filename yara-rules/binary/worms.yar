/* Worms: scanners and brute-force tools that deploy a miner. */

rule Go_Worm_Miner
{
  meta:
    description = "Go worm that scans, brute-forces passwords and deploys a miner (Kinsing and relatives)"
    level = "critical"
    technique = "T1210,T1110.001"
    reference = "https://attack.mitre.org/software/S0599/"
    benign = "none known; scanners written in Go have none of these functions"
  strings:
    $a = "main.masscan"
    $b = "main.redisBrute"
    $c = "main.backconnect"
    $d = "main.checkHealth"
    $e = "ActiveC2CUrl"
    $f = "-iL $INPUT --rate $RATE -p$PORT -oL $OUTPUT"
    $g = "main.runTask"
    $h = "main.getMinerPid"
    $i = "main.minerRunningCheck"
    $j = "main.RC4"
    $k = "main.isMinerRunning"
    $l = "main.downloadMiner"
    $m = "main.killMiners"
    $n = "main.sshBrute"
    $o = "main.startMiner"
  condition:
    is_elf and 3 of them
}

rule Go_Exploit_Worm
{
  meta:
    description = "Go worm that exploits many services and deploys a miner (Sysrv and relatives)"
    level = "high"
    technique = "T1210"
    reference = "https://www.darktrace.com/blog/worm-like-propagation-of-sysrv-hello-crypto-jacking-botnet"
    benign = "vulnerability scanners deploy no miner"
  strings:
    $x1 = "/exp."
    $x2 = "/scan/exp"
    $e1 = "XxlJob" nocase
    $e2 = "jupyter" nocase
    $e3 = "weblogic" nocase
    $e4 = "hadoop" nocase
    $e5 = "laravel" nocase
    $e6 = "phpunit" nocase
    $e7 = "confluence" nocase
    $e8 = "COPY cmd_exec FROM PROGRAM"
    $m1 = "kthreaddk"
    $m2 = "kthreaddi"
    $m3 = "network01"
    $m4 = "xmrig"
    $m5 = "nanopool"
    $m6 = "ldr.sh"
  condition:
    is_elf and is_go and 4 of ($e*) and 2 of ($m*) or is_elf and is_go and any of ($x*) and 3 of ($e*) and any of ($m*)
}

rule SSH_Brute_Force_Tool
{
  meta:
    description = "SSH brute-force tool as deployed by worms (haiduc, Diicot)"
    level = "high"
    technique = "T1110.001"
    reference = "https://github.com/akamai/akamai-security-research"
    benign = "hydra, medusa, ncrack and libssh identify themselves and are packaged"
  strings:
    $a = "bios.txt"
    $b = "vuln.txt"
    $c = "pass_file" fullword
    $d = "SSH-2.0-libssh"
    $e = "brute" nocase
    $f = "nproc" fullword
    $g = "uname -s -v -n -r -m"
    $h = "cat /proc/cpuinfo"
    $i = "/tmp/.diicot"
    $j = "haiduc"
    $k = "DUP->"
    $l = "NOT HONEYPOT" nocase
    $m = "mfu.txt"
  condition:
    is_elf and ($i or $j and any of ($a, $b, $m) or any of ($a, $b, $m, $k, $l) and $e and 2 of ($c, $d, $f, $g, $h, $l))
}

rule IRC_Bot_Tsunami
{
  meta:
    description = "Tsunami (Kaiten) IRC bot, deployed beside miners by TeamTNT, Muhstik and others"
    level = "critical"
    technique = "T1071,T1498.001"
    reference = "https://attack.mitre.org/software/S0601/"
    benign = "IRC clients know none of the attack commands"
  strings:
    $a = "NOTICE %s :TSUNAMI <target> <secs>"
    $b = "NOTICE %s :PAN <target> <port> <secs>"
    $c = "NOTICE %s :UDP <target> <port> <secs>"
    $d = "NOTICE %s :GETSPOOFS"
    $e = "NOTICE %s :Kaiten wa goraku"
    $f = "NOTICE %s :Killing pid %d."
    $g = "NOTICE %s :SH <command>"
  condition:
    is_elf and 2 of them
}

rule XorDDoS
{
  meta:
    description = "XorDDoS trojan, persistent through cron.hourly and randomly named copies"
    level = "critical"
    technique = "T1053.003,T1498.001"
    reference = "https://www.microsoft.com/en-us/security/blog/2022/05/19/rise-in-xorddos-a-deeper-look-at-the-stealthy-ddos-malware-targeting-linux-devices/"
    benign = "none known"
  strings:
    $a = "/etc/cron.hourly/gcc.sh"
    $b = "/lib/libudev.so"
    $c = "BB2FA36AAA9541F0"
    $d = "*/3 * * * * root /etc/cron.hourly/"
    $e = "/etc/rc%d.d/S90%s"
  condition:
    is_elf and ($c and any of them or 3 of ($a, $b, $d, $e))
}
