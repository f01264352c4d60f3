/* cpuminer (minerd), its many forks, ccminer: one code base since 2010. */

rule CPUMiner_Binary
{
  meta:
    description = "cpuminer (minerd), ccminer or one of their forks"
    level = "critical"
    technique = "T1496.001"
    reference = "https://github.com/pooler/cpuminer"
    benign = "packaged cpuminer, reported as medium"
  strings:
    $a1 = "Stratum notify: invalid Merkle branch"
    $a2 = "Stratum requested work restart"
    $a3 = "stratum_recv_line failed"
    $a4 = "Stratum session id: %s"
    $a5 = "X-Mining-Extensions: longpoll"
    $a6 = "X-Mining-Hashrate: %llu"
    $a7 = "hash > target (false positive)"
    $b1 = "User-Agent: cpuminer/"
    $b2 = "thread %d: %lu hashes, %s khash/s"
    $b3 = "accepted: %lu/%lu (%.2f%%), %s khash/s %s"
    $b4 = "submit_upstream_work json_rpc_call failed"
    $b5 = "work retrieval failed, exiting mining thread %d"
    $b6 = "DEBUG: stale work detected, discarding"
    $b7 = "Binding thread %d to cpu %d"
    $c1 = "-t, --threads=N       number of miner threads"
    $c2 = "username:password pair for mining server"
    $c3 = "-o, --url=URL         URL of mining server"
    $c4 = "upper bound on time spent scanning current work when"
  condition:
    is_elf and (3 of them or 2 of them and any of ($a*) and any of ($b*, $c*))
}

rule Dero_Miner_Binary
{
  meta:
    description = "Dero miner binary (DeroHE, dero-stratum-miner)"
    level = "critical"
    technique = "T1496.001"
    reference = "https://github.com/deroproject/derohe"
    benign = "wallets and nodes of Dero carry the algorithm, but no miner's options"
  strings:
    $a = "DERO AstroBWT Miner"
    $b = "derohe-miner"
    $c = "dero-stratum-miner"
    $o1 = "--daemon-rpc-address"
    $o2 = "--mining-threads"
    $o3 = "--wallet-address"
    $o4 = "astrobwt"
  condition:
    is_elf and any of ($a, $b, $c) and any of ($o1, $o2, $o3, $o4)
}
