/* Rootkits: preload libraries and kernel modules. */

rule Preload_Process_Hider
{
  meta:
    description = "preload library that hides processes or files by hooking readdir (libprocesshider)"
    level = "critical"
    technique = "T1574.006"
    reference = "https://github.com/gianlucaborello/libprocesshider"
    benign = "iproute2, libc, sanitizers, fakeroot: contain some of the strings, or define readdir, not both"
  strings:
    $a = "process_to_filter"
    $b = "libprocesshider"
    $c = "readdir64"
    $d = "/proc/self/fd/%d"
    $e = "/proc/%s/stat"
    $f = "dlsym"
  condition:
    is_elf and (elf_type == "library" or elf_type == "object") and
    (($a or $b) and any of ($c, $d, $e) or elf_exports contains "readdir" and all of ($d, $e, $f))
}

rule Preload_Hides_Itself
{
  meta:
    description = "library that hooks file functions and refers to ld.so.preload"
    level = "critical"
    technique = "T1574.006,T1014"
    reference = "https://attack.mitre.org/techniques/T1574/006/"
    benign = "the dynamic loader and libc refer to the file; they do not look up the next definition of a function"
  strings:
    $p = "ld.so.preload"
    $d = "dlsym"
  condition:
    is_elf and elf_type == "library" and filesize < 2MB and $p and $d and
    (elf_exports contains "readdir" or elf_exports contains "fopen" or elf_exports contains "access" or elf_exports contains "stat")
}

rule Preload_Rootkit
{
  meta:
    description = "known userland rootkit for ld.so.preload (Jynx, Azazel, BEURK, vlany, Bedevil, Father, perfctl)"
    level = "critical"
    technique = "T1574.006,T1014"
    reference = "https://github.com/chokepoint/azazel"
    benign = "rkhunter and chkrootkit name them, but are scripts"
  strings:
    $j1 = "jynx"
    $j2 = "reality.so"
    $a1 = "AZAZEL"
    $a2 = "cleanup_wtmp" nocase
    $a3 = "HIDE_TERM_VAR"
    $b1 = "BEURK"
    $b2 = "HIDDEN_ENV_VAR"
    $v1 = "vlany"
    $v2 = "bdvl" fullword
    $v3 = "HIDE_ME"
    $f1 = "STRFILES"
    $f2 = "GNU_BACKDOOR" nocase
    $f3 = "lpe_drop_shell"
    $p1 = "libgcwrap.so"
    $p2 = "AAZHDE"
    $p3 = "perfcc"
  condition:
    is_elf and elf_type == "library" and elf_exports != "" and
    (all of ($j*) or 2 of ($a*) or all of ($b*) or $v3 and ($v1 or $v2) or 2 of ($f*) or 2 of ($p*))
}

rule Preload_Log_In_Listener
{
  meta:
    description = "library that hooks authentication functions and records credentials"
    level = "low"
    technique = "T1556.003"
    reference = "https://attack.mitre.org/techniques/T1556/003/"
    benign = "the test library libpam_wrapper; PAM modules define pam_sm_*; libpam defines the others itself, without dlsym"
  strings:
    $d = "dlsym"
    $n = /(user|login|pass)[a-z]{0,6}[ :=]{1,3}%s/
  condition:
    is_elf and elf_type == "library" and filesize < 1MB and $d and $n and
    (elf_exports contains "pam_authenticate" or elf_exports contains "pam_get_password" or elf_exports contains "SSL_write")
}

rule LKM_Rootkit
{
  meta:
    description = "kernel module rootkit (Diamorphine, Reptile, Skidmap and similar) that hides files, processes or itself"
    level = "critical"
    technique = "T1014,T1547.006"
    reference = "https://github.com/m0nad/Diamorphine"
    benign = "scanners name the functions in scripts; other kernel modules contain none of them"
  strings:
    $a = "hacked_getdents"
    $b = "module_hide"
    $c = "give_root"
    $d = "diamorphine"
    $e = "fake_loadavg_proc_show"
    $f = "fake_seq_show_ipv4_tcp"
    $g = "fake_account_user_time"
    $h = "hide_module"
    $i = "is_invisible"
    $j = "khook_"
    $k = "reptile_"
    $l = "hook_getdents64"
    $m = "hacked_kill"
    $n = "orig_getdents64"
    $o = "module_hidden"
    $p = "hideModule"
    $q = "hide_proc"
    $r = "fh_install_hook"
  condition:
    is_elf and elf_type == "object" and 2 of them
}

rule LKM_Hooks_System_Calls
{
  meta:
    description = "kernel module that looks up the system call table and getdents, as rootkits do to hide files"
    level = "high"
    technique = "T1014,T1547.006"
    reference = "https://attack.mitre.org/techniques/T1014/"
    benign = "tracers do not hook through the table"
  strings:
    $t = "sys_call_table"
    $k = "kallsyms_lookup_name"
    $g1 = "sys_getdents"
    $g2 = "getdents64"
    $m = "vermagic="
  condition:
    is_elf and elf_type == "object" and $m and $t and $k and any of ($g*)
}

rule LKM_Rootkit_Loader
{
  meta:
    description = "program that carries a kernel module rootkit and loads it"
    level = "high"
    technique = "T1014,T1547.006"
    reference = "https://github.com/m0nad/Diamorphine"
    benign = "rootkit scanners that are programs contain the names, but no module"
  strings:
    $a = "hacked_getdents"
    $b = "give_root"
    $c = "fake_loadavg_proc_show"
    $d = "diamorphine"
    $e = "module_hide"
    $i = "init_module"
    $j = "insmod "
    $m = "vermagic="
  condition:
    is_elf and elf_type != "object" and 2 of ($a, $b, $c, $d, $e) and $m and ($i or $j)
}
