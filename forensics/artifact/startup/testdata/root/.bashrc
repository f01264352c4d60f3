# ~/.bashrc
[ -z "$PS1" ] && return
HISTSIZE=1000
alias ls='ls --color=auto'
export NVM_DIR="$HOME/.nvm"
[ -s "$NVM_DIR/nvm.sh" ] && \. "$NVM_DIR/nvm.sh"
. "$HOME/.cargo/env"
[ -f ~/.bash_aliases ] && . ~/.bash_aliases
