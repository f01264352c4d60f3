/*
 Proof-of-work implementations under any name: the constants of the algorithm are
 in the code and cannot be removed.

 The keys and constants are those of the RandomX specification, each derived with
 Blake2b from the text given there. Bytes are in the order in which x86-64 and
 arm64 hold them.
*/

private rule Coin_Node
{
  strings:
    $a = "monero-wallet-"
    $b = "bitmonero"
    $c = "This is the command line monero wallet"
    $d = "cryptonote_protocol"
    $e = "p2pool.log"
    $f = "monero-project/monero"
    $g = "randomx-benchmark" nocase
    $h = "--benchmark-threads"
    $i = "txpool" fullword
    $j = "blockchain.raw"
    // What a daemon or a wallet of the family says of itself, whatever its name.
    $n0 = "cryptonote::"
    $n1 = "bootstrap-daemon-address"
    $n2 = "Monero daemon"
    $n3 = "rpc-bind-port"
    $n4 = "wallet-file"
    $n5 = "Wallet RPC"
    $n6 = "block-sync-size"
    $transfer = "transfer" fullword
    // The words of a pool's client, none of which a node, a wallet or p2pool has: beside them
    // the others are camouflage.
    $pool0 = "stratum+" nocase
    $pool1 = "mining.subscribe"
    $pool2 = "donate-level"
    $pool3 = "donate.level" nocase
    $pool4 = "rig-id"
    $pool5 = "URL of mining server"
    $pool6 = /"method": ?"login"/
  condition:
    (2 of ($a, $b, $c, $d, $e, $f, $g, $h, $i, $j) or 2 of ($n*) or ($n5 and $transfer)) and not any of ($pool*)
}

private rule RandomX_Code
{
  strings:
    $g0 = { 53 a5 ac 6d 09 66 71 62 2b 55 b5 db 17 49 f4 b4 }
    $g1 = { 07 af 7c 6d 0d 71 6a 84 78 d3 25 17 4e dc a1 0d }
    $g2 = { f1 62 12 3f c6 7e 94 9f 4f 79 c0 f4 45 e3 20 3e }
    $g3 = { 35 81 ef 6a 7c 31 ba b1 88 4c 31 16 54 91 16 49 }
    $x0 = { 89 83 fa f6 9f 94 24 8b bf 56 dc 90 01 02 89 06 }
    $x1 = { d1 63 b2 61 3c e0 f4 51 c6 43 10 ee 9b f9 18 ed }
    $s0 = { 0d 2c b5 92 de 56 a8 9f 47 db 82 cc ad 3a 98 d7 }
    $s1 = { 6e 99 8d 33 98 b7 c7 15 5a 12 9e f5 57 80 e7 ac }
    // What SuperscalarHash adds; the number that it multiplies by is common.
    $c2 = { 46 d8 c2 38 df 99 70 a7 }
    $c3 = { 5c 49 22 bf 1c b9 26 81 }
    $c4 = { 62 8a 9f 17 97 25 4d 49 }
    $c5 = { 0c ec aa ce b9 ef 37 92 }
    $c6 = { 78 2d e6 6c 74 56 2a 2f }
    $c7 = { 4e e5 2c b6 f7 3b 85 84 }
  condition:
    2 of ($g*, $x*, $s*) or 4 of ($c*)
}

rule RandomX_Constants
{
  meta:
    description = "RandomX implementation: its keys or constants in machine code, whatever the names"
    level = "high"
    technique = "T1496.001"
    reference = "https://github.com/tevador/RandomX/blob/master/doc/specs.md"
    benign = "monerod, wallets and p2pool identify themselves and match RandomX_In_Node; libraries match RandomX_Library"
  condition:
    is_elf and RandomX_Code and not Coin_Node and elf_type != "library" and elf_type != "object"
}

rule RandomX_Library
{
  meta:
    description = "library that implements RandomX"
    level = "low"
    technique = "T1496.001"
    reference = "https://github.com/tevador/RandomX"
    benign = "librandomx of Debian; Python and Node.js modules for nodes and pools"
  condition:
    is_elf and RandomX_Code and (elf_type == "library" or elf_type == "object")
}

rule RandomX_In_Node
{
  meta:
    description = "RandomX implementation with the strings of a Monero node, wallet or p2pool"
    level = "low"
    technique = "T1496.001"
    reference = "https://github.com/monero-project/monero"
    benign = "expected of nodes, wallets and p2pool; a miner may carry such strings as camouflage"
  condition:
    is_elf and RandomX_Code and Coin_Node and elf_type != "library" and elf_type != "object"
}

rule Memory_RandomX
{
  meta:
    description = "RandomX keys in memory written to disk: RandomX was computed"
    level = "medium"
    technique = "T1496.001"
    reference = "https://github.com/tevador/RandomX/blob/master/doc/specs.md"
    benign = "a Monero node or wallet that ran"
  condition:
    is_memory and RandomX_Code
}

rule KawPow_Constants
{
  meta:
    description = "KawPow implementation: its Keccak padding constants in the program"
    level = "high"
    technique = "T1496.001"
    reference = "https://github.com/RavenCommunity/kawpowminer"
    benign = "Ravencoin nodes, rare on servers"
  strings:
    // "rAVENCOINKAWPOW", each letter a word of 32 bits.
    $w = { 72 00 00 00 41 00 00 00 56 00 00 00 45 00 00 00 4e 00 00 00 43 00 00 00 4f 00 00 00 49 00 00 00 4e 00 00 00 4b 00 00 00 41 00 00 00 57 00 00 00 50 00 00 00 4f 00 00 00 57 00 00 00 }
  condition:
    is_elf and $w
}

rule RandomX_Salts
{
  meta:
    description = "RandomX salts of several coins in one program: a miner that switches coins"
    level = "high"
    technique = "T1496.001"
    reference = "https://github.com/xmrig/xmrig/blob/master/src/crypto/randomx/randomx.cpp"
    benign = "a node contains the salt of its own coin only"
  strings:
    $a = "RandomX\x03"
    $b = "RandomWOW\x01"
    $c = "RandomARQ\x01"
    $d = "RandomX-Graft\x01"
    $e = "RandomSFX\x01"
    $f = "RandomXYadaCoin\x03"
  condition:
    is_elf and 3 of them
}

private rule JH_Code
{
  strings:
    $h0 = { eb 98 a3 41 2c 20 d3 eb 92 cd be 7b 9c b2 45 c1 1c 93 51 91 60 d4 c7 fa }
    $rc = { 72 d5 de a2 df 15 f8 67 7b 84 15 0a b7 23 15 57 81 ab d6 90 4d 5a 87 f6 }
  condition:
    all of them
}

rule CryptoNight_Constants
{
  meta:
    description = "implementation of the hash function JH, rare outside of CryptoNight and X11"
    level = "low"
    technique = "T1496.001"
    reference = "https://www3.ntu.edu.sg/home/wuhj/research/jh/"
    benign = "Monero programs, wallets of X11 coins, libraries of hash functions (sphlib)"
  condition:
    is_elf and JH_Code
}

rule CryptoNight_Program
{
  meta:
    description = "implementation of the hash function JH with CryptoNight and pool strings"
    level = "high"
    technique = "T1496.001"
    reference = "https://cryptonote.org/cns/cns008.txt"
    benign = "Monero programs mention neither jobs nor workers"
  strings:
    $a = "cryptonight"
    $b = "job_id"
    $c = "hashrate" nocase
    $d = "stratum"
    $e = "\"submit\""
    $f = "keepalived"
  condition:
    is_elf and JH_Code and 3 of ($a, $b, $c, $d, $e, $f) and not Coin_Node
}
