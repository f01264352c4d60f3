# icecore: see README.md. Each target installs what it lacks (as root on Debian),
# or says in one line what to install. Where make itself is missing: .ci/run demo,
# .ci/run test.
#
#   make          build bin/icecore
#   make demo     build, make a sample snapshot of a hijacked server, analyze it
#   make test     formatting, vet, staticcheck, all tests
#   make static   one static binary in bin/icecore-static, shown to run in an empty chroot
#   make fixtures the sample snapshots, in fixtures/out
#   make writeups what is found of the intrusions that public write-ups tell of
#   make fuzz     each fuzz target for FUZZTIME (60s)
#   make bench    ratios to other programs, on $ICECORE_LAB/gen4.raw
#   make engines  Docker, containerd and Podman are asked what was read of their state (root)
#   make scale    a server with 500 containers, 2 million files and 200 mounts: time, memory (root, 10 GB of disk)
#   make falsepositives  what the rules say of over 300 packages of Debian (network, 25 GB of disk)
#   make release  static binaries with checksums and licences, in bin/release

SHELL    := /bin/sh
GO       ?= go
# TAGS=yara_bundled builds with the YARA inside the Go module, without libyara-dev;
# CGO_ENABLED=0 builds without C, and without YARA.
TAGS     ?=
FUZZTIME ?= 60s
FUZZ     ?= .
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo 0.1.0)

# The version comes from here, not from the state of a work tree that may be
# somebody else's (git then refuses to answer, and go build with it). All that is
# compiled is compiled with the same flags, so nothing is compiled twice.
export GOFLAGS := $(GOFLAGS) -buildvcs=false -trimpath

LDFLAGS  := -X icecore/forensics.Version=$(VERSION)
GOFUMPT  := mvdan.cc/gofumpt@v0.12.0
STATICCK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

# The tests of what goroutines share run under the race detector, too: those whose
# name says so.
RACE     := Concurrent|Parallel|Jobs|Scanners

.PHONY: all build falsepositives demo test lint vet unit static static-build fixtures writeups fuzz bench engines scale release clean \
	setup-build setup-bundled setup-fixtures setup-demo setup-test

all: build

setup-build setup-bundled setup-fixtures setup-demo setup-test:
	@GO="$(GO)" TAGS="$(TAGS)" .ci/setup $(@:setup-%=%)

# These are nothing without C, whatever the caller has set.
lint vet unit test static-build fuzz: override export CGO_ENABLED := 1

build: setup-build
	$(GO) build $(if $(TAGS),-tags "$(TAGS)") -ldflags "$(LDFLAGS)" -o bin/icecore ./cmd/icecore

fixtures: setup-fixtures
	$(GO) run ./fixtures/build -o fixtures/out

writeups: setup-fixtures
	ICECORE_LONG=1 $(GO) test -count=1 -v ./fixtures/writeups

# setup-demo installs in one go what the other two would install one after the other.
demo: setup-demo build fixtures
	bin/icecore analyze fixtures/out/compromised.img

test: setup-test lint vet unit

lint:
	@out=$$($(GO) run $(GOFUMPT) -l .) && if [ -n "$$out" ]; then \
		echo "not formatted by gofumpt:"; echo "$$out"; exit 1; fi
	$(GO) run $(STATICCK) ./...

# The program is one in three builds: with the system's YARA, with the bundled one,
# and without cgo, without YARA.
vet:
	$(GO) vet ./...
	$(GO) vet -tags yara_bundled ./forensics/content/... ./cmd/...
	CGO_ENABLED=0 $(GO) vet ./forensics/content/... ./cmd/...

# vet has looked at all of it already.
unit:
	$(GO) test -vet=off -race -run '$(RACE)' $$(grep -lrE '^func Test[A-Za-z0-9]*($(RACE))' --include='*_test.go' . | xargs -n1 dirname | sort -u)
	ICECORE_UPX="$$(.ci/upx)" $(GO) test -vet=off ./...
	$(GO) test -vet=off -tags yara_bundled ./forensics/content/engine ./yara-rules
	CGO_ENABLED=0 $(GO) test -vet=off -run 'None|WithoutYARA' ./forensics/content/engine ./forensics

static-build: setup-bundled
	$(GO) build -tags "yara_bundled netgo osusergo" \
		-ldflags "-s -w -linkmode external -extldflags -static $(LDFLAGS)" -o bin/icecore-static ./cmd/icecore

static: static-build fixtures
	@.ci/chroot bin/icecore-static fixtures/out/compromised.img

fuzz: setup-build
	@GO="$(GO)" .ci/fuzz $(FUZZTIME) "$(FUZZ)"

# Needs root and Debian's docker.io, containerd, podman and busybox-static: real engines
# are asked what was read of the state that they left.
engines: setup-build
	dir=$$(mktemp -d /var/tmp/engines.XXXXXX) && trap 'rm -rf "$$dir"' EXIT && \
		forensics/host/container/testdata/engines.sh "$$dir" && \
		ICECORE_ENGINES="$$dir" $(GO) test -count=1 -run 'Docker|Containerd|Podman' ./forensics/host/container

bench: build
	$(GO) run ./fixtures/bench -icecore bin/icecore

# Long: it fills a disk with two million files, which takes some minutes.
scale: build
	$(GO) run ./fixtures/scale -icecore bin/icecore

# No part of the tests: it downloads some gigabytes.
falsepositives: build
	ICECORE=$(CURDIR)/bin/icecore yara-rules/falsepositives.sh

# For a machine of the same kind, one that runs everywhere; for others, one without
# YARA, since cgo does not cross.
release: static-build
	rm -rf bin/release && mkdir -p bin/release
	cp bin/icecore-static bin/release/icecore-$(VERSION)-linux-$$($(GO) env GOARCH)
	for arch in amd64 arm64; do CGO_ENABLED=0 GOOS=linux GOARCH=$$arch $(GO) build -ldflags "-s -w $(LDFLAGS)" \
		-o bin/release/icecore-$(VERSION)-linux-$$arch-without-yara ./cmd/icecore || exit 1; done
	cp LICENSE bin/release/
	GO="$(GO)" .ci/licenses "yara_bundled netgo osusergo" > bin/release/THIRD-PARTY-LICENSES
	cd bin/release && sha256sum icecore-* > SHA256SUMS && cat SHA256SUMS

clean:
	rm -rf bin fixtures/out
