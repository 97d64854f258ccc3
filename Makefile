# SPDX-License-Identifier: Apache-2.0
# meson and ninja build; this is the short way to what one usually wants.

PYTHON = /usr/bin/python3
PREFIX = /usr/local
RELEASE = build/release

help:
	@echo 'make demo      a lab with real clients, and what they see; KEEP=1 leaves it running'
	@echo 'make check     prove everything; STAGE=unit,parity only that, see make stages'
	@echo 'make bench     packets a second, beside nftables and beside the limit'
	@echo 'make build     the programs, in $(RELEASE)'
	@echo 'make install   DESTDIR= PREFIX=$(PREFIX)'
	@echo 'make clean     remove build/'

demo: build
	@tools/install-dependencies demo
	@KEEP=$(KEEP) $(PYTHON) tests/lab/demo.py --build $(RELEASE)

bench: build
	@tools/install-dependencies bench
	@$(PYTHON) bench/bench.py --build $(RELEASE) $(BENCH)

check:
	@tools/install-dependencies build check
	@$(PYTHON) tools/check.py --only '$(STAGE)'

stages:
	@$(PYTHON) tools/check.py --list

build:
	@tools/install-dependencies build
	@[ -e $(RELEASE)/build.ninja ] || meson setup $(RELEASE) >/dev/null
	@ninja -C $(RELEASE)

install: build
	@meson configure $(RELEASE) -Dprefix=$(abspath $(PREFIX))
	@meson install -C $(RELEASE)

clean:
	rm -rf build

.PHONY: help demo bench check stages build install clean
