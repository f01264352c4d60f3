// Package network reads what runs as an interface or a connection goes up or down: the
// commands of ifupdown's interfaces(5), and the scripts of ifupdown, NetworkManager,
// networkd-dispatcher, the dhcp clients and ppp.
//
// Records: hook.command (event: network) and hook.script (event: network, dhcp, ppp).
package network

import (
	"context"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/command"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "network" }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string { return formats().Patterns() }

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	return formats().Extract(ctx, in, emit)
}

func formats() command.Formats {
	return command.Formats{
		command.Files(command.Settings("network", ifupdown),
			"/etc/network/interfaces",
			"/etc/network/interfaces.d/*",
		),
		command.Executable("network",
			"/etc/NetworkManager/dispatcher.d/*",
			"/etc/NetworkManager/dispatcher.d/*/*",
			"/usr/lib/NetworkManager/dispatcher.d/*",
			"/etc/network/if-up.d/*",
			"/etc/network/if-pre-up.d/*",
			"/etc/network/if-down.d/*",
			"/etc/network/if-post-down.d/*",
			"/etc/networkd-dispatcher/*/*",
			"/usr/lib/networkd-dispatcher/*/*",
			"/etc/sysconfig/network-scripts/ifup-local",
			"/sbin/ifup-local",
			"/usr/sbin/ifup-local",
			"/etc/wpa_supplicant/functions.sh",
		),
		command.Sourced("dhcp",
			"/etc/dhcp/dhclient-enter-hooks.d/*",
			"/etc/dhcp/dhclient-exit-hooks.d/*",
			"/etc/dhcp/dhclient.d/*.sh",
			"/etc/dhcp/dhclient-up-hooks",
			"/etc/dhclient-enter-hooks",
			"/etc/dhclient-exit-hooks",
			"/lib/dhcpcd/dhcpcd-hooks/*",
		),
		command.Executable("ppp",
			"/etc/ppp/ip-up",
			"/etc/ppp/ip-down",
			"/etc/ppp/ip-up.d/*",
			"/etc/ppp/ip-down.d/*",
		),
	}
}

// ifupdown reads interfaces(5): what runs as an interface goes up or down.
func ifupdown(text string) (string, bool) {
	word, rest, _ := strings.Cut(strings.ReplaceAll(text, "\t", " "), " ")
	switch word {
	case "pre-up", "up", "post-up", "down", "pre-down", "post-down":
		return strings.TrimSpace(rest), true
	}
	return "", false
}
