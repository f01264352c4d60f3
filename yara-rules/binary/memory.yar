/*
 What was in memory: swap space, core dumps, images of memory. There are no file
 headers to ask, pieces of many programs lie beside each other, and a scanner's
 loaded signatures lie there too: so clusters are larger, and levels lower.
*/

rule Memory_Miner_Texts
{
  meta:
    description = "the texts of a miner in memory that was written to disk: it ran"
    level = "medium"
    technique = "T1496.001"
    reference = "https://github.com/xmrig/xmrig"
    benign = "a scanner whose signatures were in memory; it lacks the spaces of the help text"
  strings:
    $a = "-o, --url=URL                 URL of mining server"
    $b = "mining algorithm https://xmrig.com/docs/algorithms"
    $c = "--randomx-wrmsr=N"
    $d = "--cpu-max-threads-hint=N"
    $e = "--donate-over-proxy=N"
    $f = "FAILED TO APPLY MSR MOD, HASHRATE WILL BE LOW"
    $g = "unknown algorithm, make sure you set \"algo\" or \"coin\" option"
    $h = "no active pools, stop mining"
    $i = "Stratum notify: invalid Merkle branch"
    $j = "username:password pair for mining server"
    $k = "submit_upstream_work json_rpc_call failed"
    $l = "-t, --threads=N       number of miner threads"
    $m = "donate.v2.xmrig.com"
    $n = "dev donate finished"
    $o = "Stratum requested work restart"
  condition:
    is_memory and 3 of them
}

rule Memory_Pool_Session
{
  meta:
    description = "a talk with a mining pool in memory that was written to disk"
    level = "medium"
    technique = "T1496.001,T1071.001"
    reference = "https://github.com/xmrig/xmrig/blob/master/doc/STRATUM.md"
    benign = "a capture of the network, or the test of an intrusion detector"
  strings:
    $a = "\"method\":\"login\",\"params\":{\"login\":\""
    $b = "\"method\":\"job\",\"params\":{\"blob\":\""
    $c = "\"method\":\"submit\",\"params\":{\"id\":\""
    $d = "\"seed_hash\":\""
    $e = "\"method\":\"keepalived\""
    $f = "\"rigid\":\""
    $g = "{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[\""
    $h = "\"method\":\"mining.notify\",\"params\":[\""
  condition:
    is_memory and 2 of them
}

rule Miner_Remains
{
  meta:
    description = "the texts of a miner in data that is no program: what is left of one, or quotes it"
    level = "low"
    technique = "T1496.001"
    reference = "https://github.com/xmrig/xmrig"
    benign = "databases and packets of notes, signatures or captures"
  strings:
    $a = "-o, --url=URL                 URL of mining server"
    $b = "mining algorithm https://xmrig.com/docs/algorithms"
    $c = "--randomx-wrmsr=N"
    $d = "--cpu-max-threads-hint=N"
    $f = "FAILED TO APPLY MSR MOD, HASHRATE WILL BE LOW"
    $g = "unknown algorithm, make sure you set \"algo\" or \"coin\" option"
    $i = "Stratum notify: invalid Merkle branch"
    $j = "username:password pair for mining server"
    $k = "submit_upstream_work json_rpc_call failed"
    $l = "-t, --threads=N       number of miner threads"
  condition:
    not is_elf and not is_memory and 3 of them
}
