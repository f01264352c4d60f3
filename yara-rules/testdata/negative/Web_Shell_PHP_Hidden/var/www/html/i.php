<?php $img = base64_decode($row["thumb"]); echo gzuncompress($img);
