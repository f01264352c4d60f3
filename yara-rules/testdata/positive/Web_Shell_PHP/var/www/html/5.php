<?php include("php://input");
