<?php
/* A template engine evaluates its own templates. */
class Template { function show($name) { $code = file_get_contents(__DIR__ . '/views/' . $name); eval('?>' . $code); } }
