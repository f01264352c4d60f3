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
    $a = /eval[ ]{0,3}\([ ]{0,3}(gzinflate|gzuncompress|gzdecode|str_rot13|base64_decode)[ ]{0,3}\([ ]{0,3}(gzinflate|gzuncompress|str_rot13|base64_decode|strrev)[ ]{0,3}\(/
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
