/* Scripts that spread to other hosts. */

rule SSH_Worm_Script
{
  meta:
    description = "SSH worm script that collects known hosts and starts a download on each"
    level = "high"
    technique = "T1021.004,T1210"
    reference = "https://attack.mitre.org/software/S0599/"
    benign = "configuration management does not pipe downloads into shells"
  strings:
    $k1 = "known_hosts"
    $k2 = "id_rsa"
    $k3 = ".bash_history"
    $s1 = "StrictHostKeyChecking=no"
    $s2 = "BatchMode=yes"
    $s3 = "ConnectTimeout="
    $d1 = /(curl|wget|wd1|cd1)[^\n|]{1,200}\|[ ]{0,3}(ba|da)?sh/
    $d2 = /\((curl|wget)[^\n)]{1,200}\|\|[ ]{0,3}(curl|wget)/
    $l = /for [a-z]{1,12} in/
  condition:
    is_text and filesize < 1MB and $k1 and any of ($k2, $k3) and 2 of ($s*) and any of ($d*) and $l
}

rule Mass_Scan_Script
{
  meta:
    description = "script that scans large parts of the internet and attacks the hosts that answer"
    level = "high"
    technique = "T1046,T1595.001"
    reference = "https://attack.mitre.org/groups/G0139/"
    benign = "scripts of security teams scan their own networks"
  strings:
    $s1 = "masscan"
    $s2 = "pnscan"
    $s3 = "zgrab"
    $p1 = /-p[ ]{0,2}(2375|6379|2376|4243)/
    $p2 = "6379" fullword
    $p3 = "2375" fullword
    $r1 = "redis-cli"
    $r2 = "config set dbfilename"
    $r3 = "config set dir"
    $r4 = "docker -H"
    $r5 = "set Backup"
    $d = /(curl|wget)[^\n|]{1,200}\|[ ]{0,3}(ba|da)?sh/
  condition:
    is_text and filesize < 256KB and any of ($s*) and any of ($p*) and any of ($r*) and ($d or $r5 or all of ($r2, $r3))
}

rule IRC_Bot_Perl
{
  meta:
    description = "Shellbot Perl IRC bot, deployed beside miners by Outlaw and others"
    level = "critical"
    technique = "T1059.006,T1071"
    reference = "https://www.darktrace.com/blog/outlaw-returns-uncovering-returning-features-and-new-tactics"
    benign = "Perl IRC programs know none of the attack commands"
  strings:
    $a = "IO::Socket::INET"
    $b = "PRIVMSG"
    $c = "udpfaixa"
    $d = "tcpflooder"
    $e = "udpflooder"
    $f = "@adms"
    $g = "@hostauth"
    $h = "conback"
    $i = "portscan"
    $j = "my @nickname"
  condition:
    is_text and filesize < 1MB and $a and $b and 2 of ($c, $d, $e, $f, $g, $h, $i, $j)
}

rule Kernel_Module_Hider_Source
{
  meta:
    description = "rootkit source code, as compiled on the host that it is to hide on"
    level = "high"
    technique = "T1014,T1027.004"
    reference = "https://github.com/m0nad/Diamorphine"
    benign = "malware collections; tests of scanners"
  strings:
    $a = "hacked_getdents64"
    $b = "module_hide"
    $c = "give_root"
    $d = "process_to_filter"
    $e = "DECLARE_READDIR"
    $f = "is_invisible"
  condition:
    is_text and filesize < 256KB and (3 of ($a, $b, $c, $f) or $d and $e)
}

rule Tool_Wrapper_Hides
{
  meta:
    description = "wrapper script in place of ps, top or netstat that filters their output"
    level = "critical"
    technique = "T1564,T1036.005"
    reference = "https://attack.mitre.org/techniques/T1564/"
    benign = "wrappers that add colors or options filter nothing"
  strings:
    $a = /(ps|top|pstree|netstat|lsof|ss)\.(original|orig|bak|real)[^\n]{0,60}\|[ ]{0,3}grep -v/
    $b = /\/(usr\/)?bin\/\.?[a-z]{1,12} "?\$@"?[ ]{0,3}\|[ ]{0,3}grep -v/
  condition:
    is_script and filesize < 16KB and any of them
}
