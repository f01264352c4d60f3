/*
 Texts that mention miners. They prove nothing, and rule sets, block lists and
 incident notes are full of them; they show where to read on.
*/

rule Miner_Mention
{
  meta:
    description = "text that mentions pools or options of miners"
    level = "informational"
    technique = "T1496.001"
    reference = "https://xmrig.com/docs"
    benign = "rule sets, block lists, notes"
  strings:
    $a = "donate.v2.xmrig.com"
    $b = "--donate-level"
    $c = "stratum+tcp://"
    $d = "stratum+ssl://"
    $e = "supportxmr.com"
    $f = "moneroocean.stream"
    $g = "hashvault.pro"
    $h = "c3pool.com"
    $i = "nanopool.org"
    $j = "herominers.com"
    $k = "minexmr.com"
    $l = "unmineable.com"
    $m = "kdevtmpfsi"
    $n = "xmrig" fullword
  condition:
    is_text and 2 of them
}

rule Miner_Log
{
  meta:
    description = "log of a running miner"
    level = "medium"
    technique = "T1496.001"
    reference = "https://github.com/xmrig/xmrig/blob/master/src/net/Network.cpp"
    benign = "questions about a miner that quote its log"
  strings:
    $a = /accepted[^\n]{0,12} \([0-9]{1,9}\/[0-9]{1,9}\)[^\n]{0,12} diff /
    $b = /new job[^\n]{0,12} from [^\n]{3,80} diff [^\n]{1,30} algo /
    $c = /speed 10s\/60s\/15m /
    $d = /use pool [^\n]{3,80}:[0-9]{2,5}/
    $e = /accepted: [0-9]{1,9}\/[0-9]{1,9} \([0-9.]{3,6}%\)/
    $f = "Stratum difficulty set to "
    $g = /randomx[^\n]{1,12} dataset ready \(/
    $h = "READY threads "
  condition:
    is_text and 2 of ($a, $b, $c, $d, $e, $f, $g, $h)
}

rule Rival_Kill_List
{
  meta:
    description = "script that kills miners by name"
    level = "informational"
    technique = "T1489"
    reference = "https://attack.mitre.org/software/S0599/"
    benign = "clean-up scripts of administrators and responders: they kill the same names and download nothing"
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
  condition:
    is_script and filesize < 1MB and any of ($k*) and 3 of ($n*)
}
