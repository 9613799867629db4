//! All tests that need nothing but this crate: real servers on loopback, real processes and files.

#[path = "../support/authority.rs"]
mod authority;
#[path = "../support/busy.rs"]
mod busy;
#[path = "../support/readme.rs"]
mod commands;
#[path = "../support/exhaustive.rs"]
mod exhaustive;
#[path = "../support/fifo.rs"]
mod fifo;
#[path = "../support/markup.rs"]
mod markup;
#[path = "../support/moments.rs"]
mod moments;
#[path = "../support/pfetch.rs"]
mod pfetch;
#[path = "../support/raw.rs"]
mod raw;
#[path = "../support/secure.rs"]
mod secure;
#[path = "../support/server.rs"]
mod server;
#[path = "../support/story.rs"]
mod story;
#[path = "../timely/mod.rs"]
mod timely;

mod address_space;
mod auto_runs;
mod baseline;
mod behaviour;
mod cat;
mod ci_gate;
mod claims;
mod cli;
mod cli_exit;
mod cli_export;
mod cli_files;
mod cli_input;
mod cli_mistakes;
mod cli_replay;
mod cli_report;
mod cli_requests;
mod cli_signals;
mod compare;
mod compare_truth;
mod curl_users;
mod descriptors;
mod dry_run;
mod engine;
mod estimates;
mod examples;
mod expect_type;
mod export;
mod export_html;
mod export_streams;
mod export_traces;
mod fail_fast;
mod fed_slowly;
mod figures;
mod habits;
mod http;
mod intended;
mod journal;
mod json_schema;
mod jsonl_bodies;
mod junit_ends;
mod knee_search;
mod layers;
mod library;
mod many_hosts;
mod margin;
mod masked_secrets;
mod measured;
mod meta;
mod mix;
mod netrc;
mod open_files;
mod paced;
mod packs;
mod packs_warc;
mod pending;
mod pool;
mod proxy;
mod readme;
mod repeat;
mod replay_merge;
mod replay_order;
mod replay_shards;
mod report;
mod resume;
mod resume_lost;
mod resume_same_url;
mod same_work;
mod save;
mod shards;
mod stop_grace;
mod streams;
mod sweep_auto;
mod sweep_table;
mod templates;
mod test_server;
mod tls;
mod undecided;
mod unwritable;
mod way_on;
mod why;
mod worker_gains;
