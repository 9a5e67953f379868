// SPDX-License-Identifier: GPL-2.0-or-later

// self [FIRST]: reads ELF addresses of its own code in hexadecimal (of which the file's first one is FIRST) and says what Go's runtime says of them, as go_names.c does.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"text/template"
	_ "unsafe"
)

//go:linkname expand runtime/pprof.runtime_expandFinalInlineFrame
func expand(stack []uintptr) []uintptr

type shape interface{ area(x int) int }
type square struct{ side int }
type named struct{ square }

func (s square) area(x int) int   { return leaf(s.side*x) + leaf(x) }
func (s *square) grow(by int) int { s.side += one(by); return s.side }

var sink int

func leaf(x int) int { return x*x + len(os.Args) }
func one(x int) int {
	y := leaf(x)
	return y + 1
}
func two(x int) int   { return one(x) + one(x+1) }
func three(x int) int { return two(x) ^ one(x) }
func four(x int) int {
	if x > 5 {
		return three(x)
	}
	return two(x)
}

//go:noinline
func deep(x int) int { return four(x) + three(x+2) }

func closures(x int) func(int) int {
	add := func(y int) int { return leaf(x) + four(y) }
	return func(z int) int {
		defer func() { sink = one(z) }()
		return add(z)
	}
}

func exercise() {
	n := &named{square{len(os.Args)}}
	var s shape = n
	sink = deep(s.area(2)) + closures(3)(4) + n.grow(1) + generics()
	json.Marshal(n)
	template.New("x").Execute(os.Stderr, n)
	http.NewRequest("GET", "http://x/", nil)
	c := make(chan int)
	go func() { c <- two(sink) }()
	sink += <-c + foreign(1)
}

func entryOf(pc uintptr) uintptr {
	if f := runtime.FuncForPC(pc); f != nil {
		return f.Entry()
	}
	return 0
}

func base() uintptr {
	text, _ := os.ReadFile("/proc/self/maps")
	exe, _ := os.Readlink("/proc/self/exe")
	for _, line := range strings.Split(string(text), "\n") {
		if strings.HasSuffix(line, exe) {
			start, _ := strconv.ParseUint(line[:strings.Index(line, "-")], 16, 64)
			return uintptr(start)
		}
	}
	return 0
}

func main() {
	exercise()
	bias := uintptr(0)
	if len(os.Args) > 1 {
		first, _ := strconv.ParseUint(os.Args[1], 16, 64)
		bias = base() - uintptr(first)
	}
	in, out := bufio.NewScanner(os.Stdin), bufio.NewWriter(os.Stdout)
	for in.Scan() {
		address, _ := strconv.ParseUint(in.Text(), 16, 64)
		pc := uintptr(address) + bias
		if entryOf(pc) != entryOf(pc+1) { // expand() looks there for the function
			fmt.Fprintf(out, "%x\tnot asked\n", address)
			continue
		}
		stack := expand([]uintptr{pc + 1})
		frames := runtime.CallersFrames(stack)
		for {
			frame, more := frames.Next()
			if frame.Function == "" && frame.Entry != 0 { // whose name is the table's first
				fmt.Fprintf(out, "%x\tnot asked\n", address)
			} else if frame.Function == "" {
				fmt.Fprintf(out, "%x\n", address)
			} else {
				fmt.Fprintf(out, "%x\t%s\t%s:%d\t%d\n", address, frame.Function, frame.File, frame.Line, startLine(&frame))
			}
			if !more {
				break
			}
		}
	}
	out.Flush()
}
