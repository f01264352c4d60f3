/* GPU miners: Ethash, ProgPoW, KawPow, Equihash and similar. */

rule GPU_Miner_Binary
{
  meta:
    description = "GPU miner binary (ethminer, T-Rex, lolMiner, NBMiner, GMiner, TeamRedMiner, SRBMiner, PhoenixMiner, nanominer)"
    level = "critical"
    technique = "T1496.001"
    reference = "https://github.com/ethereum-mining/ethminer"
    benign = "none known on a server; single names, as in lists of pools, do not suffice"
  strings:
    $e1 = "--farm-recheck"
    $e2 = "ethminer - Ethereum"
    $e3 = "EthereumStratum/1.0.0"
    $e4 = "eth_submitLogin"
    $e5 = "eth_submitHashrate"
    $t1 = "T-Rex - NVIDIA GPU miner"
    $t2 = "--lhr-tune"
    $t3 = "mtp-tcr"
    $l1 = "Maybe then your software is not as friendly and creative as it pretends to be!"
    $l2 = "lolMiner"
    $n1 = "--fidelity-timeframe"
    $n2 = "NebuTech"
    $r1 = "Team Red Miner version"
    $s1 = "SRBMiner-MULTI"
    $s2 = "--disable-gpu --algorithm"
    $s3 = "randomepic"
    $g1 = "equihash144_5"
    $g2 = "cuckatoo32"
    $g3 = "GMiner"
    $p1 = "Phoenix Miner"
    $p2 = "epools.txt"
    $o1 = "nanominer"
    $o2 = "rigName"
  condition:
    is_elf and ($t1 or $l1 or $r1 or 2 of ($e1, $e2, $e3) or any of ($e1, $e2, $e3) and all of ($e4, $e5) or $e1 and $e4 or
      all of ($t2, $t3) or all of ($n*) or $s1 and any of ($s2, $s3) or 2 of ($g*) or all of ($p*) or all of ($o*) or $l2 and any of ($g1, $g2))
}

rule GPU_Mining_Kernel
{
  meta:
    description = "GPU mining kernel (Ethash, ProgPoW, KawPow) embedded in a program"
    level = "high"
    technique = "T1496.001"
    reference = "https://github.com/ifdefelse/ProgPOW"
    benign = "Ethereum nodes compute Ethash, but carry no GPU kernels"
  strings:
    $a = "rAVENCOINKAWPOW"
    $b = "ravencoin_kawpow"
    $c = "PROGPOW_LANES"
    $d = "PROGPOW_CNT_CACHE"
    $e = "__kernel void ethash_calculate_dag_item"
    $f = "__kernel void ethash_search"
    $g = "progPowLoop"
    $h = "progpow_search"
    $i = "GPU_DAG_SIZE" nocase
    $j = "kawpow.cl"
  condition:
    is_elf and 2 of them
}
