/* What comes with a miner: hiders, droppers, packers, web shells. */

rule Preload_Process_Hider
{
  meta:
    description = "a library that hides processes or files by standing in for readdir"
    level = "critical"
    technique = "T1574.006"
    reference = "https://github.com/gianlucaborello/libprocesshider"
    benign = "iproute2, libc, sanitizers, fakeroot: hold some of the texts, or define readdir, not both"
  strings:
    $a = "process_to_filter"
    $b = "libprocesshider"
    $c = "readdir64"
    $d = "/proc/self/fd/%d"
    $e = "/proc/%s/stat"
    $f = "dlsym"
  condition:
    is_elf and (elf_type == "library" or elf_type == "object") and
    (($a or $b) and any of ($c, $d, $e) or elf_exports contains "readdir" and all of ($c, $d, $e, $f))
}

rule LKM_Rootkit
{
  meta:
    description = "a kernel module that hides files, processes or itself"
    level = "critical"
    technique = "T1014"
    reference = "https://github.com/m0nad/Diamorphine"
    benign = "none known"
  strings:
    $a = "hacked_getdents"
    $b = "module_hide"
    $c = "give_root"
    $d = "diamorphine"
    $e = "fake_loadavg_proc_show"
    $f = "fake_seq_show_ipv4_tcp"
  condition:
    is_elf and 2 of them
}

rule Packer_UPX_Altered
{
  meta:
    description = "packed with UPX, whose mark was taken out so that it cannot be unpacked"
    level = "medium"
    technique = "T1027.002"
    reference = "https://upx.github.io"
    benign = "none known; plain UPX keeps its mark"
  strings:
    $stub = "PROT_EXEC|PROT_WRITE failed"
    $mark = "UPX!"
  condition:
    is_elf and $stub and not $mark
}

rule Miner_Dropper_Script
{
  meta:
    description = "a script that kills rival miners and fetches its own"
    level = "high"
    technique = "T1105"
    reference = "published incident reports"
    benign = "clean-up scripts kill the same names, but fetch and start nothing"
  strings:
    $k1 = "pkill" fullword
    $k2 = "killall" fullword
    $k3 = "grep -v grep"
    $n1 = "kdevtmpfsi"
    $n2 = "kinsing"
    $n3 = "xmrig"
    $n4 = "kthreaddk"
    $n5 = "sysrv"
    $n6 = "minerd"
    $n7 = "kerberods"
    $n8 = "watchbog"
    $f1 = /(curl|wget)[^\n]{1,200}https?:\/\/[^\n]{1,200}\|[ ]*(ba)?sh/
    $f2 = "chmod +x"
    $f3 = "chmod 777"
    $f4 = "crontab -r"
    $f5 = "chattr -i"
  condition:
    (is_script or is_text) and filesize < 1MB and any of ($k*) and 3 of ($n*) and ($f1 or 2 of ($f2, $f3, $f4, $f5))
}

rule Go_Worm_Miner
{
  meta:
    description = "a worm written in Go that scans, guesses passwords and brings a miner (Kinsing and relatives)"
    level = "critical"
    technique = "T1210"
    reference = "published incident reports"
    benign = "none known"
  strings:
    $a = "main.masscan"
    $b = "main.redisBrute"
    $c = "main.backconnect"
    $d = "main.checkHealth"
    $e = "ActiveC2CUrl"
    $f = "-iL $INPUT --rate $RATE -p$PORT -oL $OUTPUT"
  condition:
    is_elf and 3 of them
}

rule Web_Shell_PHP
{
  meta:
    description = "PHP that runs what a request sends"
    level = "high"
    technique = "T1505.003"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    benign = "rule sets that quote it are no PHP"
  strings:
    $php = "<?php"
    $e1 = /eval[ ]{0,3}\([ ]{0,3}(base64_decode[ ]{0,3}\([ ]{0,3})?\$_(POST|GET|REQUEST|COOKIE)/
    $e2 = /(system|passthru|shell_exec|assert)[ ]{0,3}\([ ]{0,3}\$_(POST|GET|REQUEST|COOKIE)/
  condition:
    filesize < 1MB and $php in (0..256) and any of ($e*)
}
