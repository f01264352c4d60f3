// Package network reads what runs as an interface or a connection goes up or down: the
// commands of ifupdown's interfaces(5), of wg-quick(8) and of openvpn(8), and the scripts of ifupdown, NetworkManager,
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
			"/etc/network/interfaces.d/*/*",
		),
		command.Files(command.Settings("network", wireguard), "/etc/wireguard/*.conf", "/usr/local/etc/wireguard/*.conf", "/etc/amnezia/amneziawg/*.conf"),
		command.Files(command.Settings("network", openvpn),
			"/etc/openvpn/*.conf",
			"/etc/openvpn/*.ovpn",
			"/etc/openvpn/*/*.conf",
			"/etc/openvpn/*/*.ovpn",
		),
		command.Executable("network",
			"/etc/NetworkManager/dispatcher.d/*",
			"/etc/NetworkManager/dispatcher.d/*/*",
			"/usr/lib/NetworkManager/dispatcher.d/*",
			"/usr/lib/NetworkManager/dispatcher.d/*/*",
			"/etc/sysconfig/network-scripts/ifup-*",
			"/etc/sysconfig/network-scripts/ifdown-*",
			"/etc/sysconfig/network/scripts/*",
			"/etc/sysconfig/network/if-up.d/*",
			"/etc/sysconfig/network/if-down.d/*",
			"/sbin/ifdown-local",
			"/sbin/ifdown-pre-local",
			"/sbin/ifup-pre-local",
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
			"/etc/ppp/ipv6-up",
			"/etc/ppp/ipv6-down",
			"/etc/ppp/ipv6-up.d/*",
			"/etc/ppp/ipv6-down.d/*",
			"/etc/ppp/auth-up",
			"/etc/ppp/auth-down",
			"/etc/ppp/ip-up.local",
			"/etc/ppp/ip-down.local",
			"/etc/ppp/ip-pre-up",
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

// wireguard reads the commands of wg-quick(8), which bash reads.
func wireguard(text string) (string, bool) {
	text, _, _ = strings.Cut(text, " #")
	return command.Value(text, "PreUp", "PostUp", "PreDown", "PostDown"), true
}

// openvpn reads the options of openvpn(8) that name a program; no shell reads it.
func openvpn(text string) (string, bool) {
	w := command.Split(text)
	if len(w) < 2 {
		return "", false
	}
	switch strings.TrimPrefix(w[0], "--") {
	case "up", "down", "route-up", "route-pre-down", "ipchange", "client-connect", "client-disconnect", "client-crresponse", "learn-address",
		"auth-user-pass-verify", "tls-verify", "tls-crypt-v2-verify", "plugin", "iproute":
		if strings.Contains(w[1], " ") {
			return w[1], false // the whole command in quotes
		}
		return command.Quoted(w[1:]), false
	}
	return "", false
}
