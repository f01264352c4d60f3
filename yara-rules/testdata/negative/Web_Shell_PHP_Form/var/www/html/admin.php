<?php
$cmd = $_REQUEST['cmd'];
switch ($cmd) {
case 'restart': system('/usr/bin/systemctl restart app'); break;
case 'status': echo shell_exec('/usr/bin/uptime'); break;
}
