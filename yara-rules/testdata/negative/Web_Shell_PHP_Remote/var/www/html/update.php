<?php
$h = curl_init('https://api.example/version');
$v = json_decode(curl_exec($h));
if (version_compare($v->latest, VERSION, '>')) { show_notice($v->latest); }
