#include "store/waiting_budget.hpp"

namespace crdtd::store {

Reservation& Reservation::operator=(Reservation&& other) noexcept {
  if (this != &other) {
    release();
    budget_ = std::exchange(other.budget_, nullptr);
    tenant_ = std::move(other.tenant_);
    bytes_ = other.bytes_;
  }
  return *this;
}

void Reservation::grow(std::uint64_t bytes) {
  if (budget_ == nullptr) return;
  budget_->add(tenant_, bytes);
  bytes_ += bytes;
}

void Reservation::release() {
  if (auto* budget = std::exchange(budget_, nullptr)) budget->give_back(tenant_, bytes_);
}

base::Result<Reservation> WaitingBudget::reserve(const std::string& tenant, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  if (total_ > 0 && total_ + bytes > bytes_max_) {
    return base::make_error(base::Code::kOverloaded, "too much waits for the storage; nothing of this request was stored");
  }
  auto& held = by_tenant_[tenant];
  if (held > 0 && held + bytes > tenant_bytes_max_) {
    return base::make_error(base::Code::kQuotaExceeded, "too much of this tenant waits for the storage; nothing was stored");
  }
  held += bytes;
  total_ += bytes;
  return Reservation(this, tenant, bytes);
}

std::uint64_t WaitingBudget::waiting_bytes() const {
  const std::lock_guard lock(mutex_);
  return total_;
}

void WaitingBudget::add(const std::string& tenant, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  by_tenant_[tenant] += bytes;
  total_ += bytes;
}

void WaitingBudget::give_back(const std::string& tenant, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  const auto held = by_tenant_.find(tenant);
  CRDTD_ASSERT(held != by_tenant_.end() && held->second >= bytes && total_ >= bytes);
  held->second -= bytes;
  total_ -= bytes;
  if (held->second == 0) by_tenant_.erase(held);
}

}  // namespace crdtd::store
