<?php return array("x" => $vendorDir . '/acme/log/bootstrap.php', "y" => $baseDir . '/app/helpers.php');
