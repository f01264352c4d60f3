<?php
$name = basename($_FILES['f']['name']);
if (!in_array(pathinfo($name, PATHINFO_EXTENSION), ['png', 'jpg'])) exit;
move_uploaded_file($_FILES['f']['tmp_name'], '/srv/uploads/' . $name);
move_uploaded_file($_FILES['g']['tmp_name'], $dir . $_FILES['g']['name']);
