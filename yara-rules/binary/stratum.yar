/*
 Programs that speak Stratum, the protocol between miners and pools. Wallets, block
 explorers and the rules of intrusion detection systems contain single words of it:
 only clusters count, and only in programs.
*/

rule Stratum_Client
{
  meta:
    description = "Stratum client: URL schemes and protocol methods in one program"
    level = "high"
    technique = "T1496.001,T1071.001"
    reference = "https://xmrig.com/docs/extensions"
    benign = "pool software and proxies; block explorers and intrusion detection systems contain single words"
  strings:
    $u1 = "stratum+tcp://"
    $u2 = "stratum+ssl://"
    $u3 = "stratum+tls://"
    $u4 = "stratum2+tcp://"
    $m1 = "mining.subscribe"
    $m2 = "mining.authorize"
    $m3 = "mining.submit"
    $m4 = "mining.notify"
    $m5 = "mining.set_difficulty"
    $m6 = "mining.set_extranonce"
    $m7 = "mining.set_target"
    $m8 = "client.reconnect"
    $m9 = "eth_submitWork"
    $k1 = "keepalived"
    $k2 = "seed_hash"
    $k3 = "job_id"
    $n1 = "nicehash"
    $n2 = "cryptonight"
    $n3 = "randomx"
  condition:
    is_elf and (any of ($u*) and (2 of ($m*) or 2 of ($k*) or 2 of ($n*) or any of ($m*) and any of ($k*, $n*)) or 4 of ($m*))
}

rule Stratum_Login
{
  meta:
    description = "Stratum login of a CryptoNote miner"
    level = "high"
    technique = "T1496.001,T1071.001"
    reference = "https://github.com/xmrig/xmrig/blob/master/doc/STRATUM.md"
    benign = "pool software and proxies"
  strings:
    $a = "{\"id\":%d,\"jsonrpc\":\"2.0\",\"method\":\"keepalived\""
    $b = "{\"method\": \"login\", \"params\": {\"login\": \"%s\", \"pass\": \"%s\", \"agent\": \"%s\"}, \"id\": 1}"
    $c = "{\"method\": \"submit\", \"params\": {\"id\": \"%s\", \"job_id\": \"%s\", \"nonce\": \"%s\", \"result\": \"%s\"}, \"id\":"
    $d = "{\"method\": \"mining.subscribe\", \"params\": ["
    $e = "{\"id\": 1, \"method\": \"mining.subscribe\", \"params\": ["
    $f = "\"method\":\"keepalived\",\"params\":{\"id\":\""
  condition:
    is_elf and any of them
}
