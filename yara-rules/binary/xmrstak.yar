/* xmr-stak and its descendants (xmr-stak-rx, RandomX fork). */

rule XMR_Stak_Binary
{
  meta:
    description = "xmr-stak miner binary or fork"
    level = "critical"
    technique = "T1496.001"
    reference = "https://github.com/fireice-uk/xmr-stak"
    benign = "none known"
  strings:
    $p1 = "PARSE error: Login protocol error 1"
    $p2 = "Invalid job length. Are you sure you are mining the correct coin?"
    $p3 = "Detected buggy NiceHash pool code. Workaround engaged."
    $p4 = "CALL error: Timeout while waiting for a reply"
    $p5 = "RECEIVE error: data overflow"
    $p6 = "{\"method\":\"login\",\"params\":{\"login\":\"%s\",\"pass\":\"%s\",\"rigid\":\"%s\",\"agent\":\"%s\"},\"id\":1}"
    $c1 = "cpu_threads_conf"
    $c2 = "flush_stdout"
    $c3 = "pool_list"
    $c4 = "httpd_port"
    $c5 = "use_slow_memory"
    $u1 = "Please enter:"
    $u2 = "xmr-stak"
  condition:
    is_elf and (2 of ($p*) or any of ($p*) and 2 of ($c*) or 4 of ($c*) and any of ($u*))
}
