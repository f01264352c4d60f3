" benign
set number
map <F5> :!python3 %<CR>
let g:uname = system("uname -s")
set makeprg=make!
autocmd BufWritePost *.go silent !gofmt -w %
