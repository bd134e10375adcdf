// The writer's prepared statements.
#pragma once

#include <exception>
#include <mutex>
#include <shared_mutex>

#include "writer.hpp"

namespace crdtd_sqlite {

struct Writer::Statements {
  explicit Statements(Database& db)
      : put_log(db, "INSERT INTO log(seq, doc, record) VALUES(?, ?, ?)"),
        get_log(db, "SELECT doc, record FROM log WHERE seq = ?"),
        delete_log(db, "DELETE FROM log WHERE seq = ?"),
        truncate_log(db, "DELETE FROM log WHERE seq > ? AND seq <= ? AND doc NOT IN (SELECT doc FROM temp.damaged)"),
        put_damaged(db, "INSERT OR IGNORE INTO temp.damaged VALUES(?)"),
        get_document(db, "SELECT doc, record FROM documents WHERE tenant = ? AND id = ?"),
        put_document(db, "INSERT OR REPLACE INTO documents(tenant, id, doc, record) VALUES(?, ?, ?, ?)"),
        delete_document(db, "DELETE FROM documents WHERE tenant = ? AND id = ?"),
        put_chunk(db, "INSERT INTO row_chunks(doc, version, record) VALUES(?, ?, ?)"),
        last_chunk(db, "SELECT version, record FROM row_chunks WHERE doc = ? AND version <= ? ORDER BY version DESC LIMIT 1"),
        delete_chunks(db, "DELETE FROM row_chunks WHERE doc = ? AND version <= ?"),
        put_known(db, "INSERT OR REPLACE INTO known(doc, replica, record) VALUES(?, ?, ?)"),
        delete_known(db, "DELETE FROM known WHERE doc = ?"),
        put_key(db, "INSERT OR REPLACE INTO request_keys(doc, node, key, expires, record) VALUES(?, ?, ?, ?, ?)"),
        delete_keys(db, "DELETE FROM request_keys WHERE doc = ?"),
        delete_expired(db, "DELETE FROM request_keys WHERE doc = ? AND expires < ?"),
        put_checkpoint(db, "INSERT OR REPLACE INTO checkpoints(doc, version, record) VALUES(?, ?, ?)"),
        last_checkpoint(db, "SELECT version FROM checkpoints WHERE doc = ? AND version <= ? ORDER BY version DESC LIMIT 1"),
        delete_checkpoints(db, "DELETE FROM checkpoints WHERE doc = ? AND version < ?"),
        put_grave(db, "INSERT OR REPLACE INTO graves(tenant, id, birth, record) VALUES(?, ?, ?, ?)"),
        get_grave(db, "SELECT record FROM graves WHERE tenant = ? AND id = ? AND birth = ?"),
        list_graves(db, "SELECT birth, record FROM graves WHERE tenant = ? AND id = ?"),
        put_meta(db, "INSERT OR REPLACE INTO meta(name, record) VALUES(?, ?)"),
        put_counters(db, "INSERT OR REPLACE INTO counters VALUES('next_doc', ?), ('next_seq', ?)") {}

  Statement put_log, get_log, delete_log, truncate_log, put_damaged;
  Statement get_document, put_document, delete_document;
  Statement put_chunk, last_chunk, delete_chunks;
  Statement put_known, delete_known;
  Statement put_key, delete_keys, delete_expired;
  Statement put_checkpoint, last_checkpoint, delete_checkpoints;
  Statement put_grave, get_grave, list_graves, put_meta, put_counters;
};

// Runs `body` unless nothing may be written any more; a failure of unknown outcome is the last one.
template <class Body>
Outcome Writer::write(Body&& body) {
  if (!fatal_.empty()) return storage::failure(CRDTD_FATAL, fatal_);
  try {
    body();
    return {};
  } catch (const StoreError& error) {
    if (error.status == CRDTD_FATAL) fatal_ = error.message;
    return storage::failure(error.status, error.message, error.detail);
  }
}

// Changes the index after a commit. It must not fail half-way: the store would be ahead of what is known of it.
template <class Body>
void Writer::publish(Body&& body) {
  try {
    const std::unique_lock lock(index_mutex_);
    body();
  } catch (const std::exception& exception) {
    throw StoreError{CRDTD_FATAL, std::string("committed, but the index could not be changed: ") + exception.what()};
  }
}

}  // namespace crdtd_sqlite
