/*
 Former memory: swap space, core dumps, memory images. There are no file headers,
 pieces of many programs lie side by side, and so do the loaded signatures of
 scanners. Clusters are therefore larger and levels lower.
*/

rule Memory_Miner_Texts
{
  meta:
    description = "miner strings in memory written to disk (swap, core dump): a miner ran"
    level = "medium"
    technique = "T1496.001"
    reference = "https://github.com/xmrig/xmrig"
    benign = "a scanner whose signatures were in memory; they lack the padding of the help text"
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
    description = "Stratum session with a mining pool in memory written to disk"
    level = "medium"
    technique = "T1496.001,T1071.001"
    reference = "https://github.com/xmrig/xmrig/blob/master/doc/STRATUM.md"
    benign = "network captures; test data of intrusion detection systems"
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
    description = "miner strings in non-executable data: remains of a miner, or a quotation"
    level = "low"
    technique = "T1496.001"
    reference = "https://github.com/xmrig/xmrig"
    benign = "databases and packages of notes, signatures or captures"
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
