/* Programs that carry a miner or download one. */

rule Dropper_Kills_Rivals
{
  meta:
    description = "ELF dropper that kills rival miners by name"
    level = "high"
    technique = "T1489,T1496.001"
    reference = "https://attack.mitre.org/software/S0599/"
    benign = "scanners know the names, but neither kill processes nor download"
  strings:
    $n1 = "kdevtmpfsi"
    $n2 = "kinsing"
    $n3 = "kthreaddk"
    $n4 = "kerberods"
    $n5 = "watchbog"
    $n6 = "sysrv"
    $n7 = "minerd"
    $n8 = "cryptonight"
    $n9 = "stratum+tcp"
    $n10 = "xmr-stak"
    $k1 = "pkill -f "
    $k2 = "killall -9 "
    $k3 = "kill -9"
    $f1 = "chmod +x"
    $f2 = "chmod 777"
    $f3 = "crontab -r"
    $f4 = "chattr -i"
    $f5 = "/etc/ld.so.preload"
    $f6 = "curl -fsSL"
    $f7 = "wget -q -O"
  condition:
    is_elf and 3 of ($n*) and any of ($k*) and 2 of ($f*)
}

rule Dropper_Embedded_Program
{
  meta:
    description = "program with an embedded or appended payload and hidden paths in temporary directories"
    level = "low"
    technique = "T1027.009,T1105"
    reference = "https://attack.mitre.org/techniques/T1027/009/"
    benign = "installers and self-extracting programs"
  strings:
    $z = { 1f 8b 08 ?? ?? ?? ?? ?? (00 | 02 | 04) (03 | ff) }
    $t1 = "/tmp/."
    $t2 = "/var/tmp/."
    $t3 = "/dev/shm/."
    $c = "chmod"
  condition:
    is_elf and any of ($t*) and ($z and $c or elf_overlay > 65536)
}
