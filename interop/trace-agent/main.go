// Command trace-agent runs Datadog's own trace-agent, from its public Go module, on loopback for interoperability checks.
//
// Everything it sends, whatever the host it believes it talks to, goes to one fake intake given by -intake. It has no
// container detection, no remote configuration, no telemetry and no statsd. It ends on SIGTERM, on SIGINT, or when its
// standard input closes, so that it never outlives the program that started it; what it still holds is flushed first.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	gzip "github.com/DataDog/datadog-agent/comp/trace/compression/impl-gzip"
	"github.com/DataDog/datadog-agent/pkg/trace/agent"
	"github.com/DataDog/datadog-agent/pkg/trace/config"
	"github.com/DataDog/datadog-agent/pkg/trace/telemetry"
	"github.com/DataDog/datadog-go/v5/statsd"
)

// flushPeriodSeconds is short so that a run is short; the samplers and limits keep their defaults.
const flushPeriodSeconds = 0.2

// stopDeadline bounds the Agent's own orderly stop.
const stopDeadline = 15 * time.Second

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "trace-agent:", err)
		os.Exit(1)
	}
}

func run() error {
	port := flag.Int("port", 0, "port on 127.0.0.1; 0 takes a free one")
	intake := flag.String("intake", "", "host:port, on loopback, of the fake intake")
	settings := flag.String("config", "{}", "JSON laid over the Agent's default AgentConfig, by its Go field names")
	flag.Parse()

	if err := requireLoopback(*intake); err != nil {
		return err
	}
	conf, err := configure(*intake, *settings)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", *port))
	if err != nil {
		return err
	}
	conf.ReceiverHost = "127.0.0.1"
	conf.ReceiverPort = listener.Addr().(*net.TCPAddr).Port

	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()

	traceAgent := agent.NewAgent(ctx, conf, telemetry.NewNoopCollector(), &statsd.NoOpClient{}, gzip.NewComponent())
	traceAgent.Receiver.SetTCPListener(listener)
	go func() {
		<-ctx.Done()
		time.AfterFunc(stopDeadline, func() { os.Exit(2) })
	}()
	fmt.Printf("{\"port\":%d}\n", conf.ReceiverPort)
	traceAgent.Run()
	return nil
}

func configure(intake, settings string) (*config.AgentConfig, error) {
	conf := config.New()
	conf.Hostname = "interop"
	conf.AgentVersion = "7.85.1"
	conf.Endpoints[0].APIKey = "interop"
	conf.StatsdEnabled = false
	conf.HasContainerFeatures = false
	conf.TelemetryConfig.Enabled = false
	conf.TraceWriter.FlushPeriodSeconds = flushPeriodSeconds
	// The defaults of the settings file, which the module leaves to its caller. Without them the Agent takes one connection
	// at a time and refuses payloads at random.
	conf.MaxConnections = 1000
	conf.DecoderTimeout = 1000
	// The EVP proxy insists on https://<subdomain>.<site>. One transport for all that leaves keeps the host header, which
	// names the destination meant, and takes every connection to the fake intake, in clear.
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "tcp", intake)
	}
	conf.HTTPTransportFunc = func() *http.Transport {
		return &http.Transport{DialContext: dial, DialTLSContext: dial, MaxIdleConns: 100, IdleConnTimeout: 30 * time.Second}
	}
	decoder := json.NewDecoder(bytes.NewBufferString(settings))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(conf); err != nil {
		return nil, fmt.Errorf("-config: %w", err)
	}
	return conf, nil
}

func requireLoopback(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("-intake: %w", err)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("-intake: %q is not a loopback address", host)
	}
	return nil
}
