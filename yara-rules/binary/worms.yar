/* Programs that spread: scanners and guessers of passwords that bring a miner. */

rule Go_Worm_Miner
{
  meta:
    description = "a worm written in Go that scans, guesses passwords and brings a miner (Kinsing and relatives)"
    level = "critical"
    technique = "T1210,T1110.001"
    reference = "published incident reports"
    benign = "none known; scanners in Go have none of these functions"
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
    description = "a program in Go that carries exploits for many servers and brings a miner (Sysrv and relatives)"
    level = "high"
    technique = "T1210"
    reference = "published incident reports"
    benign = "scanners for vulnerabilities bring no miner"
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
    description = "a program that guesses passwords of many hosts over SSH, as worms bring it"
    level = "high"
    technique = "T1110.001"
    reference = "https://github.com/akamai/akamai-security-research"
    benign = "hydra, medusa, ncrack and libssh: say what they are and are packaged"
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
    description = "Tsunami (Kaiten), the bot that TeamTNT, Muhstik and others leave beside the miner"
    level = "critical"
    technique = "T1071,T1498.001"
    reference = "https://attack.mitre.org/software/S0601/"
    benign = "clients of IRC know none of the attacks"
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
    description = "XorDDoS, which keeps itself alive through cron.hourly and random names"
    level = "critical"
    technique = "T1053.003,T1498.001"
    reference = "published incident reports"
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
