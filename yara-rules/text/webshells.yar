/* Web shells: scripts that execute what a request sends. */

rule Web_Shell_PHP
{
  meta:
    description = "PHP web shell that executes what a request sends"
    level = "high"
    technique = "T1505.003"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    benign = "rule sets that quote it do not begin as PHP; tests of frameworks call functions by name, not these"
  strings:
    $php = "<?php"
    $tag = "<?= "
    $e1 = /eval[ ]{0,3}\([ ]{0,3}((base64_decode|gzinflate|gzuncompress|str_rot13|stripslashes|urldecode|hex2bin)[ ]{0,3}\([ ]{0,3}){0,3}@?\$_(POST|GET|REQUEST|COOKIE|SERVER)/
    $e2 = /(system|passthru|shell_exec|assert|popen|proc_open|pcntl_exec)[ ]{0,3}\([ ]{0,3}((base64_decode|stripslashes|urldecode|trim)[ ]{0,3}\([ ]{0,3}){0,2}@?\$_(POST|GET|REQUEST|COOKIE)/
    $e3 = /exec[ ]{0,3}\([ ]{0,3}@?\$_(POST|GET|REQUEST|COOKIE)/
    $e4 = /\$_(POST|GET|REQUEST|COOKIE)[ ]{0,3}\[[^\]]{1,40}\][ ]{0,3}\([ ]{0,3}\$_(POST|GET|REQUEST|COOKIE)/
    $e5 = /create_function[ ]{0,3}\([^)]{0,40}\$_(POST|GET|REQUEST|COOKIE)/
    $e6 = /preg_replace[ ]{0,3}\([ ]{0,3}['"][^'"]{1,40}\/e['"][^)]{0,40}\$_(POST|GET|REQUEST|COOKIE)/
    $e7 = /include[ ]{0,3}\(?[ ]{0,3}['"]?php:\/\/input/
  condition:
    is_text and filesize < 1MB and ($php in (0..512) or $tag in (0..512) or uint16(0) == 0x3f3c) and any of ($e*)
}

rule Web_Shell_PHP_Hidden
{
  meta:
    description = "obfuscated PHP that decodes and executes embedded code"
    level = "medium"
    technique = "T1505.003,T1027"
    reference = "https://attack.mitre.org/techniques/T1027/"
    benign = "vendors that hide their source code with commercial tools"
  strings:
    $php = "<?php"
    $a = /eval[ ]{0,3}\([ ]{0,3}(gzinflate|gzuncompress|gzdecode|str_rot13|base64_decode)[ ]{0,3}\([ ]{0,3}(gzinflate|gzuncompress|str_rot13|base64_decode|strrev)[ ]{0,3}\([ ]{0,3}['"$@a-zA-Z_]/
    $b = /eval[ ]{0,3}\([ ]{0,3}base64_decode[ ]{0,3}\([ ]{0,3}['"][A-Za-z0-9+\/]{200}/
    $c = /\$[a-zA-Z_]{1,20}[ ]{0,3}=[ ]{0,3}['"]base['"][ ]{0,3}\.[ ]{0,3}['"]64_/
  condition:
    is_text and filesize < 4MB and $php in (0..512) and any of ($a, $b, $c)
}

rule Web_Shell_Known
{
  meta:
    description = "known web shell (b374k, c99, r57, WSO, FilesMan, China Chopper, weevely, p0wny)"
    level = "high"
    technique = "T1505.003"
    reference = "https://attack.mitre.org/software/S0598/"
    benign = "training collections, and scanners that look for them"
  strings:
    $php = "<?php"
    $a = "b374k"
    $b = "c99shell"
    $c = "r57shell"
    $d = "FilesMan"
    $e = "$auth_pass"
    $f = "$default_action"
    $g = "WSO_VERSION"
    $h = "p0wny"
    $i = "featureShell"
    $k = "Safe mode: "
    $l = "actionSafeMode"
  condition:
    is_text and filesize < 2MB and ($php in (0..512) or uint16(0) == 0x3f3c) and (2 of ($d, $e, $f, $g, $k, $l) or all of ($h, $i) or any of ($a, $b, $c) and any of ($e, $f, $k))
}

rule Web_Shell_JSP
{
  meta:
    description = "JSP web shell that executes what a request sends"
    level = "high"
    technique = "T1505.003"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    benign = "administration pages start fixed programs, not what the request names"
  strings:
    $j = "<%@ page"
    $a = /getRuntime\(\)[ ]{0,3}\.exec[ ]{0,3}\([ ]{0,3}request\.getParameter/
    $b = /ProcessBuilder[ ]{0,3}\([^)]{0,60}request\.getParameter/
    $c = "getRuntime().exec("
    $d = "request.getParameter(\"cmd\")"
    $e = "defineClass"
    $f = "AES/ECB/PKCS5Padding"
    $g = "getReader().readLine()"
  condition:
    is_text and filesize < 256KB and ($j in (0..4096) or uint16(0) == 0x253c) and ($a or $b or $c and $d or $e and ($f or $g) and filesize < 16KB)
}

rule Web_Shell_JSP_Writer
{
  meta:
    description = "JSP web shell that writes what a request sends to the file that it names"
    level = "high"
    technique = "T1505.003"
    reference = "https://www.volexity.com/blog/2022/06/02/zero-day-exploitation-of-atlassian-confluence/"
    benign = "pages that export write to a fixed file"
  strings:
    $j = "<%@ page"
    $a = /FileOutputStream[ ]{0,3}\([^;\n]{0,120}request\.getParameter/
    $b = /\.write[ ]{0,3}\([^;\n]{0,60}request\.getParameter/
  condition:
    is_text and filesize < 64KB and ($j in (0..4096) or uint16(0) == 0x253c) and $a and $b
}

rule Web_Shell_PHP_Remote
{
  meta:
    description = "PHP that fetches code from another host and executes it"
    level = "high"
    technique = "T1505.003,T1105"
    reference = "https://blog.sucuri.net/2025/03/hidden-malware-strikes-again-mu-plugins-under-attack.html"
    benign = "template engines evaluate templates of their own directory"
  strings:
    $php = "<?php"
    $e = /eval[ ]{0,3}\([ ]{0,3}['"]\?>['"][ ]{0,3}\./
    $f = "curl_exec"
    $g = /file_get_contents[ ]{0,3}\([ ]{0,3}['"]https?:/
    $h = /fsockopen[ ]{0,3}\(/
  condition:
    is_text and filesize < 64KB and $php in (0..512) and $e and any of ($f, $g, $h)
}

rule Web_Shell_PHP_Form
{
  meta:
    description = "PHP page that executes the command that a form sends"
    level = "high"
    technique = "T1505.003"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    benign = "panels compare the parameter with the names of their own commands, and quote arguments"
  strings:
    $php = "<?php"
    $r = /\$_(GET|POST|REQUEST|COOKIE)[ ]{0,3}\[[ ]{0,3}['"](cmd|command|exec|execute|shell|console)['"][ ]{0,3}\]/
    $s = /(passthru|system|shell_exec|popen)[ ]{0,3}\([ ]{0,3}\$[a-zA-Z_]{1,20}[ ]{0,3}[).,]/
    $q1 = "escapeshellarg"
    $q2 = "escapeshellcmd"
    $c1 = "namespace "
    $c2 = "class "
  condition:
    is_text and filesize < 16KB and $php in (0..512) and $r and $s and none of ($q1, $q2, $c1, $c2)
}

rule Web_Upload_PHP
{
  meta:
    description = "PHP page that stores any file under the name that the request gives, beside itself"
    level = "medium"
    technique = "T1505.003"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    benign = "upload forms name a directory and check the name"
  strings:
    $php = "<?php"
    $m = /(move_uploaded_file|copy)[ ]{0,3}\([ ]{0,3}\$_FILES\[[^\]\n]{1,40}\][ ]{0,3}\[['"]tmp_name['"]\][ ]{0,8},[ ]{0,8}\$_FILES\[[^\]\n]{1,40}\][ ]{0,3}\[['"]name['"]\][ ]{0,3}\)/
  condition:
    is_text and filesize < 64KB and $php in (0..512) and $m
}
