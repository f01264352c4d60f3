/*
 Scripts that download a miner, kill its rivals and make it persistent. Clean-up
 scripts kill the same names, but do not download and start anything.
*/

rule Miner_Dropper_Script
{
  meta:
    description = "dropper script that kills rival miners and downloads or starts its own"
    level = "high"
    technique = "T1105,T1489"
    reference = "https://attack.mitre.org/software/S0599/"
    benign = "clean-up scripts kill the same names, but download and start nothing; incident notes quote it"
  strings:
    $k1 = "pkill" fullword
    $k2 = "killall" fullword
    $k3 = "grep -v grep"
    $k4 = "kill -9"
    $n1 = "kdevtmpfsi"
    $n2 = "kinsing"
    $n3 = "xmrig"
    $n4 = "kthreaddk"
    $n5 = "sysrv"
    $n6 = "minerd"
    $n7 = "kerberods"
    $n8 = "watchbog"
    $n9 = "cryptonight"
    $n10 = "stratum"
    $n11 = "xmr-stak"
    $n12 = "kthrotlds"
    $n13 = "ddgs"
    $n14 = "pnscan"
    $f1 = /(curl|wget|wd1|cd1|cur|wge)[^\n|]{1,200}https?:\/\/[^\n|]{1,200}\|[ ]{0,3}(sudo )?(ba|da)?sh/
    $f2 = /(curl|wget|wd1|cd1)[^\n]{1,200}(-o|-O|>)[ ]{0,3}[^\n]{1,200}\n[^\n]{0,200}chmod/
    $f3 = /chmod (\+x|7[0-7][0-7])[^\n]{1,200}\n?[^\n]{0,60}(nohup|\.\/)/
    $g1 = "crontab -r"
    $g2 = "chattr -i"
    $g3 = "chattr +i"
    $g4 = "ufw disable"
    $g5 = "iptables -F"
    $g6 = "kernel.nmi_watchdog=0"
    $g7 = "SELINUX=disabled"
    $g8 = "rm -rf /var/log/syslog"
    $g9 = "/etc/ld.so.preload"
    // Prose that quotes a dropper does not begin its lines with the commands.
    $line = /\n(pkill|killall|curl|wget|chmod|chattr|crontab) /
  condition:
    is_text and (is_script or #line >= 3) and filesize < 1MB and any of ($k*) and 3 of ($n*) and any of ($f*) and any of ($g*)
}

rule Miner_Setup_Script
{
  meta:
    description = "setup script that downloads a miner, writes its configuration and adds an autostart entry"
    level = "high"
    technique = "T1105,T1543.002"
    reference = "https://github.com/MoneroOcean/xmrig_setup"
    benign = "people who mine on their own machines use such scripts as well"
  strings:
    $a = "setup_moneroocean_miner"
    $b = "setup_c3pool_miner"
    $c = "moneroocean_miner.service"
    $d = "c3pool_miner.service"
    $e = "xmrig.tar.gz"
    $f = /sed -i 's\/"(user|url|donate-level)": \*/
    $g = "\"donate-level\""
    $h = "WALLET="
    $i = "releases/latest/download/xmrig"
    $j = "vm.nr_hugepages"
    $s1 = "systemctl enable"
    $s2 = "crontab"
    $s3 = ".profile"
    $s4 = "nohup"
    $s5 = "/etc/systemd/system/"
    $w1 = "curl" fullword
    $w2 = "wget" fullword
  condition:
    is_script and filesize < 1MB and 2 of ($a, $b, $c, $d, $e, $f, $g, $h, $i, $j) and any of ($s*) and any of ($w*)
}

rule Agent_Removal_Script
{
  meta:
    description = "script that removes cloud security agents and kills miners or weakens the host"
    level = "high"
    technique = "T1562.001"
    reference = "https://attack.mitre.org/groups/G0106/"
    benign = "administrators remove the agent of one provider on purpose, and nothing else"
  strings:
    $a1 = "aegis.aliyun.com"
    $a2 = "quartz_uninstall.sh"
    $a3 = "/usr/local/qcloud/YunJing/uninst.sh"
    $a4 = "/usr/local/qcloud/stargate/admin/uninstall.sh"
    $a5 = "/usr/local/qcloud/monitor/barad/admin/uninstall.sh"
    $a6 = "aliyun-service"
    $a7 = "AliYunDun"
    $a8 = "bcm-agent"
    $a9 = "cloudmonitor"
    $b1 = "kdevtmpfsi"
    $b2 = "xmrig"
    $b3 = "minerd"
    $b4 = "chattr -i"
    $b5 = "iptables -F"
    $b6 = "ufw disable"
    $b7 = "nmi_watchdog"
    $b8 = "/etc/ld.so.preload"
    $f = /(curl|wget)[^\n]{1,200}\|[ ]{0,3}(ba|da)?sh/
  condition:
    is_text and filesize < 1MB and 3 of ($a*) and ($f or 3 of ($b*))
}

rule Python_Dropper
{
  meta:
    description = "Python dropper that decodes or downloads a program, makes it executable and runs it"
    level = "medium"
    technique = "T1059.006,T1140"
    reference = "https://attack.mitre.org/techniques/T1140/"
    benign = "installers unpack programs, but not from base64 in the source into a temporary or hidden directory"
  strings:
    $b1 = "b64decode"
    $b2 = "zlib.decompress"
    $b3 = "gzip.decompress"
    $b4 = "urlopen("
    $w1 = "os.chmod"
    $w2 = "chmod("
    $w3 = "memfd_create"
    $r1 = "subprocess"
    $r2 = "os.system"
    $r3 = "os.execv"
    $r4 = "Popen("
    $t1 = /['"]\/tmp\/\./
    $t2 = /['"]\/var\/tmp\/\.?[a-z]/
    $t3 = /['"]\/dev\/shm\//
    $e1 = "f0VMRg"   // base64 of the first bytes of an ELF file
    $e2 = "H4sIA"    // of gzip
    $e3 = "\"eJz"    // of zlib
    $e4 = "'eJz"
  condition:
    is_text and filesize < 32MB and any of ($b1, $b2, $b3) and any of ($w*) and any of ($r*) and (any of ($t*) or $w3) and any of ($e*) or
    is_text and filesize < 1MB and $b4 and any of ($w*) and any of ($r*) and ($t1 or $t3) and $b1
}

rule Program_In_Base64
{
  meta:
    description = "executable embedded as base64 in a script or text"
    level = "low"
    technique = "T1027.013"
    reference = "https://attack.mitre.org/techniques/T1027/013/"
    benign = "tests and installers carry small programs this way"
  strings:
    $a = "f0VMRgIBAQ"
    $b = "f0VMRgEBAQ"
  condition:
    is_text and any of them
}

rule Base64_Miner_Text
{
  meta:
    description = "base64-encoded pool URL scheme or miner option"
    level = "low"
    technique = "T1027.013,T1496.001"
    reference = "https://attack.mitre.org/techniques/T1027/013/"
    benign = "detection rules for it; the text it is part of is decoded and scanned by itself"
  strings:
    $a = "stratum+tcp://" base64
    $b = "stratum+ssl://" base64
    $c = "--donate-level" base64
  condition:
    is_text and any of them
}

rule Reverse_Shell_Script
{
  meta:
    description = "script that opens a reverse shell"
    level = "medium"
    technique = "T1059.004,T1071"
    reference = "https://attack.mitre.org/techniques/T1059/004/"
    benign = "manuals and word lists quote it; scripts that read a line from a remote host (examples of WireGuard) start no shell"
  strings:
    $a = /bash -i[ ]{0,3}(>&|&>)[ ]{0,3}\/dev\/tcp\//
    $b = /exec [0-9]{1,3}<>[ ]{0,2}\/dev\/tcp\//
    $i = /(ba|da|z)?sh (-i )?<&[0-9]/
    $c = /nc(\.traditional)? [^\n]{0,60}-e \/bin\/(ba)?sh/
    $d = "os.dup2(s.fileno(),0)"
  condition:
    is_script and filesize < 16KB and ($a or $c or $d or $b and $i)
}
