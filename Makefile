# Everything here works on a machine with a Rust toolchain, a C compiler, make and Python 3. `make help` lists the targets.

PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
DESTDIR ?=
# Where install takes the programs from.
BIN_FROM ?= target/release
# Without symbols they are a fraction of the size. Packagers who split them off set STRIP to nothing.
STRIP ?= strip --strip-unneeded
# Who but root may read an installed nano.json, if there is such a group.
CONFIG_GROUP ?= nano
CONFIG ?= test/streams/writable/nano.json
WPT_DIR ?= ../wpt
STREAMS_REFERENCE_DIR ?=
ORDER_COUNT ?= 100000
FUZZ_SECONDS ?= 60
FUZZ_TARGETS ?= client config decode hostname multipart request response websocket

CARGO ?= cargo
INSTALL ?= install
BINDIR ?= $(PREFIX)/bin
# The schema, alert rules, dashboard and example.
DATADIR ?= $(PREFIX)/share/nano
RELOCATE = -e 's|/usr/local/bin/|$(BINDIR)/|g' -e 's|/usr/local/share/nano/|$(DATADIR)/|g' -e 's|/etc/nano/|$(SYSCONFDIR)/nano/|g'
BINARIES = nano nano-worker nano-bundle nanoctl nano-fleet
UNITS = nano.service nano.socket nano-rootless.service nano-rootless.socket
# Where bash, zsh and fish look for completions.
COMPLETION_FILES = $(PREFIX)/share/bash-completion/completions/nanoctl $(PREFIX)/share/zsh/site-functions/_nanoctl \
	$(PREFIX)/share/fish/vendor_completions.d/nanoctl.fish
COMPLETIONS = $(dir $(COMPLETION_FILES))
# A checkout's dependencies are those of Cargo.lock, always.
LOCKED = --locked

# The toolchain of rust-toolchain.toml; where it is not there and rustup cannot get it, the machine's own.
ifeq ($(RUSTUP_TOOLCHAIN)$(shell command -v rustup),)
else ifeq ($(shell rustc --version 2> /dev/null),)
export RUSTUP_TOOLCHAIN := $(firstword $(shell cd / && rustup default))
$(info the toolchain of rust-toolchain.toml is not to be had: going on with $(RUSTUP_TOOLCHAIN))
endif

.DEFAULT_GOAL := help
.PHONY: help run build v8 test gates check fmt lint lint-js deny bench bench-quick wpt streams-order interop ecosystem fleet fleet-load bench-fleet fuzz fuzz-check book install deb packages-test uninstall clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## set everything up and serve CONFIG (test/streams/writable/nano.json, port 8080)
	exec target/release/nano serve --config $(CONFIG)

build: v8 ## release build of nano, nanoctl, nano-worker and nano-bundle in target/release
	$(CARGO) build $(LOCKED) --release --workspace --bins

v8: ## provide the V8 library: from the checkout, a shared folder, the cache, the release page or source (deploy/provision-v8)
	@deploy/provision-v8

test: v8 ## set everything up and run all checks and tests
	@CARGO="$(CARGO)" test/run-all

check: lint ## while you work: formatting, clippy, JavaScript, tidiness and the unit tests; needs Node as lint does
	@if $(CARGO) nextest --version > /dev/null 2>&1; then set -- nextest run --status-level fail; else set -- test --quiet; fi; \
		$(CARGO) "$$@" $(LOCKED) --workspace --lib --bins --test tidy --test graph $(if $(wildcard test/tests/floors*),--test floors)

gates: v8 ## the long form of the gates (test/tests/gates) and of chaos (test/tests/chaos): at most 15 minutes; prints its seed, and takes NANO_GATES_SEED
	$(CARGO) build $(LOCKED) --workspace --bins --examples
	$(CARGO) test $(LOCKED) --workspace --test gates --test chaos --test attacker --test data_plane --no-run
	@seed=$${NANO_GATES_SEED:-$$(date +%s)}; echo "NANO_GATES_SEED=$$seed"; NANO_GATES=long NANO_GATES_SEED=$$seed \
		timeout 900 sh -c '$(CARGO) test $(LOCKED) --workspace --test attacker && \
			$(CARGO) test $(LOCKED) --workspace --test data_plane mutations && \
			$(CARGO) test $(LOCKED) --workspace --test gates && \
			$(CARGO) test $(LOCKED) --workspace --test chaos -- --nocapture'

fmt: ## format the Rust code
	$(CARGO) fmt --all

lint: v8 lint-js ## formatting, clippy and the JavaScript, warnings are errors
	$(CARGO) fmt --all --check
	$(CARGO) clippy $(LOCKED) --workspace --all-targets -- -D warnings

lint-js: ## ESLint for the JavaScript, and tsc for the types of the builtins (needs Node 20.19 or newer; npm fetches both)
	@test/lint/run

deny: ## licences, bans and sources of the dependencies by deny.toml, and advisories where their database can be reached
	@CARGO="$(CARGO)" test/deny

bench: build ## benchmarks: the race with nginx + node and workerd (docs/performance.md), codec frames/s, start-up, all rows of streams, a neighbour beside bombs and hostile servers; peers come from npm and Debian
	python3 test/bench/race.py --write
	python3 test/bench/curves.py --write
	$(CARGO) bench $(LOCKED) -p nano-test --bench codec
	python3 test/bench/run.py --only start
	python3 test/bench/peers.py
	python3 test/bench/neighbours.py
	python3 test/bench/upstreams.py

bench-quick: build ## two short rounds of the race, in less than three minutes
	python3 test/bench/race.py --quick

wpt: build ## Web Platform Tests of a checkout at WPT_DIR against the expectation list
	WPT_DIR=$(WPT_DIR) test/wpt/run

streams-order: build ## the order of events in streams against the reference implementation at STREAMS_REFERENCE_DIR, in ORDER_COUNT scenarios
	STREAMS_REFERENCE_DIR=$(STREAMS_REFERENCE_DIR) test/streams/order/run --count $(ORDER_COUNT)

interop: ## nano's WebSockets against Python's library `websockets`, which comes from PyPI
	$(CARGO) build $(LOCKED) --workspace --bins
	python3 test/interop/websockets.py

fleet: ## the tests of a fleet, on real members of etcd (Debian's etcd-server)
	test/install-tools
	$(CARGO) build $(LOCKED) --workspace --bins
	PATH=$(CURDIR)/target/tools/bin:$$PATH $(CARGO) nextest run $(LOCKED) -p nano-test --test fleet --ignore-default-filter

fleet-load: ## 100 good and 20 bad versions deployed behind HAProxy and behind Envoy under load, a minute without etcd's quorum (docs/fleet.md)
	test/install-tools
	$(CARGO) build $(LOCKED) --workspace --bins
	PATH=$(CURDIR)/target/tools/bin:$$PATH NANO_GATES=long $(CARGO) test $(LOCKED) -p nano-test --test fleet -- --nocapture --test-threads 1 _behind_ until_there_is_no_quorum

bench-fleet: build ## a fleet of three nodes with up to 1000 apps in figures (docs/fleet.md)
	python3 test/bench/fleet.py --markdown

ecosystem: ## apps and frameworks from npm, built as their authors do, here and on workerd (docs/ecosystem.md); half an hour, 5 GB
	$(CARGO) build $(LOCKED) --workspace --bins
	test/ecosystem/apps.py --write

fuzz: ## cargo-fuzz on all targets of test/fuzz/, FUZZ_SECONDS each (installs cargo-fuzz; needs no nightly)
	command -v cargo-fuzz >/dev/null || $(CARGO) install --locked cargo-fuzz
	for target in $(FUZZ_TARGETS); do mkdir -p test/fuzz/corpus/$$target && \
		RUSTC_BOOTSTRAP=1 $(CARGO) fuzz run --fuzz-dir test/fuzz --sanitizer none $$target test/fuzz/corpus/$$target test/fuzz/seeds/$$target -- \
			-max_total_time=$(FUZZ_SECONDS) -max_len=4096 -print_final_stats=1 || exit 1; done

fuzz-check: ## the fuzz targets compile, and the code that only they use (no cargo-fuzz needed)
	cd test/fuzz && RUSTFLAGS="--cfg fuzzing" $(CARGO) check $(LOCKED)

book: ## target/book: the pages of docs, and what they link to, as a book (takes mdbook from crates.io if it is not there)
	@command -v mdbook > /dev/null || $(CARGO) install --locked mdbook
	@deploy/build-book

# Never builds: root installs what another user built.
install: ## install to DESTDIR, PREFIX=/usr/local, what `make build` built: programs, units, schema, man pages, completions, example; STRIP= keeps symbols
	@for program in $(BINARIES); do [ -x $(BIN_FROM)/$$program ] || { \
		echo "$(BIN_FROM)/$$program is not there: run \`make build\` first, as the user who has the toolchain" >&2; exit 1; }; done
	$(INSTALL) -d $(addprefix $(DESTDIR), $(BINDIR) $(PREFIX)/lib/systemd/system $(PREFIX)/lib/sysusers.d $(DATADIR)/prometheus \
		$(DATADIR)/grafana $(DATADIR)/hello $(PREFIX)/share/man/man1 $(PREFIX)/share/man/man5 $(COMPLETIONS) $(SYSCONFDIR)/nano)
	$(INSTALL) -m 755 $(addprefix $(BIN_FROM)/, $(BINARIES)) $(DESTDIR)$(BINDIR)
	if [ -n "$(STRIP)" ] && command -v $(firstword $(STRIP) none) > /dev/null; then $(STRIP) $(addprefix $(DESTDIR)$(BINDIR)/, $(BINARIES)); fi
	for unit in $(UNITS); do \
		sed $(RELOCATE) deploy/$$unit > $(DESTDIR)$(PREFIX)/lib/systemd/system/$$unit && \
		chmod 644 $(DESTDIR)$(PREFIX)/lib/systemd/system/$$unit || exit 1; done
	$(INSTALL) -m 644 deploy/sysusers.conf $(DESTDIR)$(PREFIX)/lib/sysusers.d/nano.conf
	$(INSTALL) -m 644 config/nano.schema.json $(DESTDIR)$(DATADIR)
	$(INSTALL) -m 644 deploy/prometheus/*.yml $(DESTDIR)$(DATADIR)/prometheus
	$(INSTALL) -m 644 deploy/grafana/nano.json $(DESTDIR)$(DATADIR)/grafana
	$(INSTALL) -m 644 deploy/man/*.1 $(DESTDIR)$(PREFIX)/share/man/man1
	$(INSTALL) -m 644 deploy/man/*.5 $(DESTDIR)$(PREFIX)/share/man/man5
	$(BIN_FROM)/nanoctl completions bash > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/nanoctl
	$(BIN_FROM)/nanoctl completions zsh > $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_nanoctl
	$(BIN_FROM)/nanoctl completions fish > $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/nanoctl.fish
	@chmod 644 $(addprefix $(DESTDIR), $(COMPLETION_FILES))
	$(INSTALL) -m 644 deploy/example/hello/index.js $(DESTDIR)$(DATADIR)/hello
	@config=$(DESTDIR)$(SYSCONFDIR)/nano/nano.json; \
	if [ -e $$config ] || [ -L $$config ]; then \
		echo "keeping $$config"; \
		case $$(stat -c %a $$config) in *[4567]) echo "$$config is readable for everybody; if it holds secrets: chmod 640 $$config" >&2;; esac; \
	else \
		umask 027 && sed $(RELOCATE) deploy/example/nano.json > $$config && chmod 640 $$config && \
		if [ "$$(id -u)" = 0 ] && getent group $(CONFIG_GROUP) > /dev/null; then chgrp $(CONFIG_GROUP) $$config; fi; \
	fi

deb: ## target/debian/nano-host_*.deb of what `make build` built, and its symbols (takes cargo-deb from crates.io if it is not there)
	@command -v cargo-deb > /dev/null || $(CARGO) install --locked cargo-deb
	@BIN_FROM=$(BIN_FROM) CARGO_DEB="$(CARGO) deb" deploy/debian/build

packages-test: ## the Debian package, alone and under a systemd of its own, the container image, and Kubernetes' manifests, installed and run from the programs in BIN_FROM (root; takes debootstrap, buildah, runc, kubectl)
	@BIN_FROM=$(BIN_FROM) test/packages/run

uninstall: ## remove what install put there; the configuration stays
	rm -f $(addprefix $(DESTDIR)$(BINDIR)/, $(BINARIES)) $(addprefix $(DESTDIR)$(PREFIX)/lib/systemd/system/, $(UNITS)) \
		$(DESTDIR)$(PREFIX)/lib/sysusers.d/nano.conf $(DESTDIR)$(PREFIX)/share/man/man1/nano.1 \
		$(DESTDIR)$(PREFIX)/share/man/man1/nanoctl.1 $(DESTDIR)$(PREFIX)/share/man/man5/nano.json.5 \
		$(addprefix $(DESTDIR), $(COMPLETION_FILES))
	rm -rf $(DESTDIR)$(DATADIR)
	@if [ -e $(DESTDIR)$(SYSCONFDIR)/nano/nano.json ]; then echo "keeping $(DESTDIR)$(SYSCONFDIR)/nano/nano.json"; \
	else rmdir $(DESTDIR)$(SYSCONFDIR)/nano 2> /dev/null || true; fi

clean: ## remove build results (the V8 library stays in its cache)
	$(CARGO) clean
