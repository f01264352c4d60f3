/*
 Miner configurations. File names prove nothing, keys do. A list of pools is common
 (databases, threads); together with keys that only miners use it is not.
*/

rule Miner_Config
{
  meta:
    description = "miner configuration: pools, and keys that only miners use"
    level = "high"
    technique = "T1496.001"
    reference = "https://xmrig.com/docs/miner/config"
    benign = "JSON with other kinds of pools lacks the other keys; manuals and rule sets are not JSON"
  strings:
    $p = "\"pools\""
    $u = "\"url\""
    $w = "\"user\""
    $d = "\"donate-level\""
    $r = "\"randomx\""
    $n = "\"nicehash\""
    $t = "\"max-threads-hint\""
    $g = "\"rig-id\""
    $e = "YOUR_WALLET_ADDRESS"
  condition:
    is_text and filesize < 256KB and $p and $u and $w and any of ($d, $r, $n, $t, $g) and not $e and
    (for any i in (0..4) : (uint8(i) == 0x7b) or uint8(0) == 0x2f) // begins with a brace, possibly after a UTF-8 BOM, or with a comment
}

rule Miner_Config_Quoted
{
  meta:
    description = "miner configuration keys inside other text: a script that writes one, or notes"
    level = "low"
    technique = "T1496.001"
    reference = "https://xmrig.com/docs/miner/config"
    benign = "manuals, notes, rule sets"
  strings:
    $p = "\"pools\""
    $u = "\"url\""
    $w = "\"user\""
    $d = "\"donate-level\""
    $t = "\"max-threads-hint\""
    $g = "\"rig-id\""
  condition:
    is_text and filesize < 1MB and $p and $u and $w and any of ($d, $t, $g) and
    not (for any i in (0..4) : (uint8(i) == 0x7b) or uint8(0) == 0x2f)
}

rule Miner_Config_Sample
{
  meta:
    description = "sample configuration of a miner, without a wallet"
    level = "low"
    technique = "T1496.001"
    reference = "https://github.com/xmrig/xmrig/blob/master/src/config.json"
    benign = "copies of the source code"
  strings:
    $p = "\"pools\""
    $d = "\"donate-level\""
    $e = "YOUR_WALLET_ADDRESS"
  condition:
    is_text and filesize < 256KB and all of them
}

rule XMR_Stak_Config
{
  meta:
    description = "xmr-stak configuration"
    level = "high"
    technique = "T1496.001"
    reference = "https://github.com/fireice-uk/xmr-stak"
    benign = "none known"
  strings:
    $a = "\"pool_list\""
    $b = "\"pool_address\""
    $c = "\"wallet_address\""
    $d = "\"use_nicehash\""
    $e = "\"pool_weight\""
    $f = "\"cpu_threads_conf\""
    $g = "\"use_slow_memory\""
  condition:
    is_text and filesize < 256KB and ($a and 2 of ($b, $c, $d, $e) or 3 of ($b, $c, $d, $e) or $f and $g)
}

rule Nanominer_Config
{
  meta:
    description = "nanominer configuration"
    level = "high"
    technique = "T1496.001"
    reference = "https://github.com/nanopool/nanominer"
    benign = "none known"
  strings:
    $a = "[RandomX]" nocase
    $b = "[Ethash]" nocase
    $c = "[KawPow]" nocase
    $w = /wallet[ ]{0,3}=[ ]{0,3}[0-9A-Za-z]{30,}/
    $r = "rigName"
    $p = /pool[1-9][ ]{0,3}=/
  condition:
    is_text and filesize < 64KB and any of ($a, $b, $c) and $w and any of ($r, $p)
}

rule XMRig_Proxy_Config
{
  meta:
    description = "xmrig-proxy configuration"
    level = "high"
    technique = "T1496.001,T1090.001"
    reference = "https://xmrig.com/docs/proxy"
    benign = "proxy of a legitimate mining farm"
  strings:
    $a = "\"bind\""
    $b = "\"custom-diff\""
    $c = "\"reuse-timeout\""
    $d = "\"access-log-file\""
    $p = "\"pools\""
    $m = "\"workers\""
  condition:
    is_text and filesize < 256KB and $a and $p and 2 of ($b, $c, $d, $m)
}
