package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"icecore/forensics"
)

func (a *app) versionCmd() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version, and with which YARA it was built", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(a.out, "icecore %s (YARA: %s, %s, %s/%s)\n", forensics.Version, forensics.YARABackend,
				runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}
