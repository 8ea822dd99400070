"""Echo's engine on Ray Serve: `door` speaks OpenAI's protocol, `replica` computes. README.md tells how."""
