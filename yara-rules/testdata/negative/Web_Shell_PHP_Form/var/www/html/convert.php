<?php
$size = (int) $_GET['size'];
$cmd = sprintf('convert -resize %d %s', $size, escapeshellarg($file));
$out = shell_exec($cmd);
if ($_POST['cmd'] === 'save') { save(); }
