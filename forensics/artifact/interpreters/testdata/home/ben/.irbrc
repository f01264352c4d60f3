# benign
IRB.conf[:SAVE_HISTORY] = 1000
