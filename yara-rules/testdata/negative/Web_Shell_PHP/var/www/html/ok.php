<?php
// evaluates nothing
$x = htmlspecialchars($_POST["x"]);
$stmt->execute([$_GET["id"]]);
exec("convert " . escapeshellarg($name));
