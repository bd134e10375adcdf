// Bounds what waits in memory for its commit: in bytes, for the whole server and for each tenant.
//
// A request reserves before it changes anything and gives back when it is answered; so the queues behind (documents that load,
// batches, the commit queue) need no bound of their own. One tenant may hold only its share, so that others always find room.
// Threads: [any]; a mutex guards the tenants' sums (core/THREADING.md).
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/result.hpp"

namespace crdtd::store {

class WaitingBudget;

// Held by a request; gives its bytes back when destroyed. The budget outlives it.
class Reservation {
 public:
  Reservation() = default;
  Reservation(WaitingBudget* budget, std::string tenant, std::uint64_t bytes)
      : budget_(budget), tenant_(std::move(tenant)), bytes_(bytes) {}
  Reservation(Reservation&& other) noexcept
      : budget_(std::exchange(other.budget_, nullptr)), tenant_(std::move(other.tenant_)), bytes_(other.bytes_) {}
  Reservation& operator=(Reservation&& other) noexcept;
  ~Reservation() { release(); }
  // Counts `bytes` more, without asking: for an answer that turned out large. Others find less room until it is given out.
  void grow(std::uint64_t bytes);
  void release();

 private:
  WaitingBudget* budget_ = nullptr;
  std::string tenant_;
  std::uint64_t bytes_ = 0;
};

class WaitingBudget {
 public:
  // `share_percent`: of bytes_max, for one tenant; 100 switches the share off.
  WaitingBudget(std::uint64_t bytes_max, std::uint32_t share_percent)
      : bytes_max_(bytes_max), tenant_bytes_max_(bytes_max / 100 * share_percent) {}

  // kOverloaded when the server is full, kQuotaExceeded when the tenant's share is. A single request larger than the share is
  // let in when nothing else of the tenant waits, so that no permitted body is refused for ever.
  base::Result<Reservation> reserve(const std::string& tenant, std::uint64_t bytes);
  std::uint64_t waiting_bytes() const;

 private:
  friend class Reservation;
  void add(const std::string& tenant, std::uint64_t bytes);
  void give_back(const std::string& tenant, std::uint64_t bytes);

  const std::uint64_t bytes_max_;
  const std::uint64_t tenant_bytes_max_;
  mutable std::mutex mutex_;
  std::uint64_t total_ = 0;                                   // guarded by mutex_
  std::unordered_map<std::string, std::uint64_t> by_tenant_;  // guarded by mutex_; only tenants that hold something
};

}  // namespace crdtd::store
